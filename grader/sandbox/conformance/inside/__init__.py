"""What tries to break a sandbox, from inside: standard library only, sent as source, imported by nobody outside.

A program is a function of what it is told (plain data); it yields a sentence for each way that is open.
"""
