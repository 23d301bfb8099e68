"""Which submissions resemble each other, in their graph or in their source: shown to a person, never a verdict."""
