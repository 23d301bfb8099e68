"""The checks that a rubric's criteria name."""
