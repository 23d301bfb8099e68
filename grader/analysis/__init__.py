"""Pure measurements on the rebuilt graph."""
