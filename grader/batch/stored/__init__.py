"""A batch in its store, read out again: into results, into gradebooks, under another rubric."""
