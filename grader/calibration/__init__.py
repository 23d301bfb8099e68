"""Calibration: what a rubric's accuracy rule makes of reference models, seed by seed."""
