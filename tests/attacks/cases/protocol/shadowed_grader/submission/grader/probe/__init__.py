"""Not the probe."""
