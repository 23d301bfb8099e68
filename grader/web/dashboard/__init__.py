"""The pages for instructors and students: what they show, and what can be done on them."""
