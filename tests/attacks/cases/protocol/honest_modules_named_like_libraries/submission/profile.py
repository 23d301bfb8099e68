"""Not the profiler."""

CHANNELS = 8
