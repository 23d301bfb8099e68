"""A delivery of the forge: is it real, what does it ask for, and keeping it."""
