"""What a submission says about itself, judged by what was measured. Pure; imports no torch."""
