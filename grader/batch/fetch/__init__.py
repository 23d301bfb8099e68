"""Getting each student's work: with patience for what passes, and as it stood at the deadline."""
