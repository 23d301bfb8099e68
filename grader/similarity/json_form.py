"""`similarity.json`: the comparison as data."""

import json

from grader.model.similarity import Similarity
from grader.report.escape import is_unsafe

SCHEMA = "grader/similarity/v1"


def to_json(similarity: Similarity) -> str:
    """Two spaces deep, ending in a newline; characters that can't be seen are written as JSON escapes."""
    data = {"schema": SCHEMA, **similarity.model_dump(mode="json")}
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(_escaped(character) for character in text) + "\n"


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if is_unsafe(character) and character != "\n" else character
