"""The command line: one file per command; arguments become objects here."""
