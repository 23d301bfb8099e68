"""From a submission and a rubric to a report; `grade.py` is the whole flow on one screen."""
