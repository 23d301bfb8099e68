"""Runs inside the sandbox: imports the class, builds the model, exports its graphs as plain data."""
