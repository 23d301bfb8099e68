"""A whole class: who is in it, where their work lies."""
