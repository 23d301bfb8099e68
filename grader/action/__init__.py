"""A job of GitHub Actions: annotations, summary, outputs, and the check of another job's report."""
