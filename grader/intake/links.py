"""Whether a path leads through a symbolic link: such paths are never followed inside a submission."""

from pathlib import Path


def crosses_link(path: Path, above: Path) -> bool:
    """Whether the path, or a folder between it and `above`, is a symbolic link."""
    if path.is_symlink():
        return True
    try:
        parts = path.relative_to(above).parts[:-1]
    except ValueError:
        return False
    return any(Path(above, *parts[: depth + 1]).is_symlink() for depth in range(len(parts)))
