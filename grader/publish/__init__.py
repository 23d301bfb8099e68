"""The result on the forge: comments, check runs, statuses and labels on GitHub."""
