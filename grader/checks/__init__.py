"""Checks: pure functions from facts and training to findings. One file each; `registry` lists the built-ins."""
