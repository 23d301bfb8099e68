"""Where the shipped rubrics, templates and reference models lie: inside the wheel, or at the top of a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder of a shipped asset: "rubrics", "templates" or "reference_models".

    Raises FileNotFoundError when the installation lacks it.
    """
    for place in (_PACKAGE / "assets" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"grader is installed without its {name}; reinstall it")
