"""What was replaced or mapped while the student's code ran; shown in the report."""


class Notes:
    """An ordered set of sentences, bounded: student code can cause any number of them."""

    LIMIT = 50

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}
        self.missing_packages: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Keep a sentence once."""
        if len(self._sentences) < self.LIMIT:
            self._sentences[sentence[:300]] = None

    def missing(self, package: str) -> None:
        """Note a package that is not installed and was replaced by a stand-in."""
        self.missing_packages[package] = None
        self.add(f"package {package!r} is not installed here and was replaced by a stand-in")

    def as_list(self) -> list[str]:
        """All sentences, in the order in which they came."""
        return list(self._sentences)
