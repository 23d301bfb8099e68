"""The service: a webhook, a queue with workers, and pages for instructors and students."""
