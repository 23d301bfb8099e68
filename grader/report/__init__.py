"""A `GradeReport` as JSON, Markdown, HTML and terminal text. Everything from the student is escaped, in every form."""
