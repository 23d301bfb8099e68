"""Cutting out of a submission the statements that one model needs."""
