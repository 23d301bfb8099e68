"""The recipe that a submission's training code uses, read without running it."""
