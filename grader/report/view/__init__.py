"""`GradeReport` → exactly what the templates print: every word, number and order is decided here.

All strings of a view have been through `escape.visible` or `escape.prose`; formats add their own escape.
"""
