"""A whole class graded: one coordinator, which remembers everything, and workers, which get and give plain data."""
