"""The results of a class: a table for people, CSV and JSON lines for programs, one page that shows them all."""
