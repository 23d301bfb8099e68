"""The exported graph: strict reading, the op allowlist, and rebuilding."""
