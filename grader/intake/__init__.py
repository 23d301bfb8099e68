"""From a path or URL to a Submission and its candidates; nothing of the student's is imported."""
