"""Following the training code without running it: what it builds, and what it hands to an optimizer."""
