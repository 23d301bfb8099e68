"""What a batch remembers: submissions, their stages, reports, training runs. SQLite by default, PostgreSQL by URL."""
