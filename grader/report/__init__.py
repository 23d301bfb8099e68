"""GradeReport to JSON, Markdown and HTML."""
