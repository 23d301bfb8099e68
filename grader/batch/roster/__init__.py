"""Reading a roster: text to rows, rows to students, students to repositories."""
