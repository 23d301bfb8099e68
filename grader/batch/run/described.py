"""What an unexpected exception is called: where it broke, not what it says, which may be a student's words."""

import traceback
from pathlib import PurePath


def described(problem: BaseException) -> str:
    """One sentence."""
    places = traceback.extract_tb(problem.__traceback__)
    place = f" in {PurePath(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"grader broke: {type(problem).__name__}{place}. Please report this."
