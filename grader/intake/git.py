"""From what the user named to a folder to grade: a local folder as it is, or a commit of a remote repository."""

from pathlib import Path, PurePosixPath

from grader.errors import UsageError
from grader.intake import git_worktree
from grader.intake.git_remote import fetch_remote, listed_names
from grader.intake.git_source import Remote, parse, printable
from grader.intake.git_tree import FetchLimits
from grader.intake.links import is_folder, is_regular_file, leads_into
from grader.model.submission import Submission


def fetch(
    source: str,
    *,
    ref: str | None = None,
    path: str | None = None,
    workspace: Path,
    limits: FetchLimits | None = None,
) -> Submission:
    """The folder to grade, named by `source`: a folder of this machine or a URL (https, ssh, file).

    `ref` is a branch, tag or full commit of a URL, `path` a folder below the repository; a clone goes into `workspace`.
    Raises UsageError where source, ref or path are wrong, SubmissionError for an empty or oversized repository, and
    GraderError where the host cannot be reached.
    """
    inner = None if path is None else inner_path(path)
    parsed = parse(source)
    if isinstance(parsed, Remote):
        return fetch_remote(parsed, ref, inner, workspace, limits or FetchLimits())
    if ref is not None:
        raise UsageError(
            f"--ref {printable(ref)} needs a URL: a local folder is graded as it is.",
            mend=f"For another commit of it give {parsed.resolve().as_uri()}.",
        )
    root = _root(parsed, inner)
    here = git_worktree.state(root)
    return Submission(
        source=source,
        checkout=parsed.absolute(),
        root=root.absolute(),
        path=_shown(inner),
        commit=here.commit,
        dirty=here.dirty,
    )


def inner_path(path: str) -> PurePosixPath:
    """A folder below a repository. Raises UsageError for a path that leads out of it."""
    inner = PurePosixPath(path)
    if inner.is_absolute() or ".." in inner.parts or "\0" in path:
        raise UsageError(f"--path {printable(path)} must lead to a folder inside the repository, without '..'.")
    return inner


def _shown(inner: PurePosixPath | None) -> str | None:
    return None if inner is None else str(inner)


def _root(checkout: Path, inner: PurePosixPath | None) -> Path:
    if inner is None:
        return checkout
    root = checkout / inner
    if not leads_into(root, checkout):
        raise UsageError(f"--path {printable(str(inner))} leads out of the repository by a symbolic link.")
    if is_folder(root):
        return root
    if is_regular_file(root):
        raise UsageError(f"--path {printable(str(inner))} is a file; give its folder.")
    parent = next(folder for folder in root.parents if folder.is_dir())
    there = sorted(entry.name for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    raise UsageError(f"There is no folder {printable(str(inner))}: {listed_names(there)}.")
