"""Rubrics: schema, loading with line-numbered errors, scoring."""
