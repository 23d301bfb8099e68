"""What a submission says about itself: README, notebook outputs and text, docstrings, comments."""
