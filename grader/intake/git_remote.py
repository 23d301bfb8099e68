"""One commit of a remote repository, as files: no blob that is not read, no tag, submodule, hook or checkout.

Two transfers: the commit with its trees alone (`--filter=blob:none`), which are listed and bounded; then the blobs
that grading reads. So neither data sets nor weights that lie beside the code are ever transferred, where the server
filters; where it does not, all comes at once and the bounds hold as well.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError, UsageError
from grader.intake import git_command
from grader.intake.git_command import TooMuch
from grader.intake.git_refusal import NoFolder, refusal
from grader.intake.git_source import Remote, printable
from grader.intake.git_transfer import new_repository, succeed, transfer
from grader.intake.git_tree import Blob, FetchLimits, is_readme, list_blobs, present, write_blobs
from grader.model.submission import Submission

_REF = re.compile(r"(?![-+])[^\x00-\x20\x7f~^:?*\[\\]+")
_ABSENT = re.compile(r"not our ref ([0-9a-f]{40})")
_MOST_ABSENT = 200
_MOST_NAMES = 8


def fetch_remote(
    remote: Remote, ref: str | None, inner: PurePosixPath | None, workspace: Path, limits: FetchLimits
) -> Submission:
    """The commit that `ref` (or the default branch) names, its files below `inner` written into `workspace`.

    Raises as `git.fetch` does.
    """
    require_reference(ref)
    repository, checkout = workspace / "repository.git", workspace / "checkout"
    new_repository(repository, limits)
    done = transfer(remote, ("--depth=1", "--filter=blob:none"), (ref or "HEAD",), repository, limits)
    if done.code != 0:
        raise refusal(remote, ref, done.errors)
    told = git_command.environment(GIT_DIR=str(repository))
    commit = succeed(("rev-parse", "--verify", "FETCH_HEAD^{commit}"), told, limits).decode().strip()
    blobs, left_out = list_blobs(told, commit, None if inner is None else str(inner), limits)
    if not blobs:
        _must_exist(remote, told, commit, inner, limits)
    elif inner is not None:
        blobs = (*blobs, *_around(told, commit, inner, limits))
    checkout.mkdir()
    _fetch_blobs(remote, told, blobs, repository, limits)
    notes = (*left_out, *write_blobs(told, blobs, checkout, limits))
    root = checkout / inner if inner else checkout
    root.mkdir(parents=True, exist_ok=True)
    path = None if inner is None else str(inner)
    return Submission(source=remote.shown, checkout=checkout, root=root, path=path, commit=commit, ref=ref, notes=notes)


def require_reference(ref: str | None) -> None:
    """Raise UsageError for what can't be the name of a branch, tag or commit."""
    if ref is not None and (not _REF.fullmatch(ref) or ".." in ref or "@{" in ref):
        raise UsageError(f"{printable(ref)!r} is not the name of a branch, tag or commit.")


def _around(told: dict[str, str], commit: str, inner: PurePosixPath, limits: FetchLimits) -> tuple[Blob, ...]:
    """What the code in `inner` may import from elsewhere in the repository, and the READMEs above it.

    None of it where the rest of the repository is beyond the limits: that is not the fault of this folder.
    """
    try:
        everything, _ = list_blobs(told, commit, None, limits)
    except TooMuch:
        return ()
    outside = [blob for blob in everything if inner not in blob.path.parents]
    return tuple(blob for blob in outside if blob.path.suffix == ".py" or is_readme(blob.path.name))


def _fetch_blobs(
    remote: Remote, told: dict[str, str], blobs: Iterable[Blob], repository: Path, limits: FetchLimits
) -> None:
    """Transfer the blobs that are not here yet; what the server lacks stays absent."""
    here = present(told, blobs, limits)
    wanted = {blob.oid for blob in blobs if blob.oid not in here}
    for _ in range(_MOST_ABSENT):
        if not wanted:
            return
        done = transfer(remote, ("--no-write-fetch-head",), tuple(sorted(wanted)), repository, limits)
        if done.code == 0:
            return
        absent = _ABSENT.search(done.errors)
        if absent is None or absent[1] not in wanted:
            raise refusal(remote, None, done.errors)
        wanted.remove(absent[1])


def _must_exist(
    remote: Remote, told: dict[str, str], commit: str, inner: PurePosixPath | None, limits: FetchLimits
) -> None:
    """Where there is nothing to read: say that, or that there is no such folder, and name those there are."""
    if inner is None:
        raise SubmissionError(f"The repository {remote.shown} holds no code.")
    entry = succeed(("ls-tree", "-z", commit, "--", str(inner)), told, limits)
    if b" tree " in entry.partition(b"\t")[0]:
        raise SubmissionError(f"The folder {printable(str(inner))} of {remote.shown} holds no code.")
    if entry:
        raise NoFolder(f"--path {printable(str(inner))} is a file; give its folder.")
    listed = succeed(("ls-tree", "-d", "-z", "--name-only", commit), told, limits)
    names = [name.decode("utf-8", errors="replace") for name in listed.split(b"\0") if name]
    raise NoFolder(f"There is no folder {printable(str(inner))} in the repository: {listed_names(names)}.")


def listed_names(names: list[str]) -> str:
    """A few names, in words."""
    if not names:
        return "there are no folders"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return "there are " + ", ".join(printable(name) for name in names[:_MOST_NAMES]) + more
