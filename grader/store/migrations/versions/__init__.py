"""One file per version, each with what it follows."""
