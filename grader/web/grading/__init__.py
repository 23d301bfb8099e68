"""The workers of the service: from a queued commit to its report, and its report to the forge."""
