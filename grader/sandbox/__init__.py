"""Where student code runs; one small interface, several backends."""
