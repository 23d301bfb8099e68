"""One commit of a remote repository, as files: no blob that is not read, no tag, submodule, hook or checkout.

Two transfers: the commit with its trees alone (`--filter=blob:none`), which are listed and bounded; then the blobs
that grading reads. So neither data sets nor weights that lie beside the code are ever transferred, where the server
filters; where it does not, all comes at once and the bounds hold as well.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from grader.errors import GraderError, SubmissionError, UsageError
from grader.intake import git_command
from grader.intake.git_command import Done, TooMuch
from grader.intake.git_source import Remote, printable, redact
from grader.intake.git_tree import Blob, FetchLimits, is_readme, list_blobs, present, write_blobs
from grader.model.submission import Submission

_REF = re.compile(r"(?![-+])[^\x00-\x20\x7f~^:?*\[\\]+")
_UNKNOWN_REF = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref")
_NOT_THERE = re.compile(r"not found|does not appear to be a git repository|does not exist|not a git repository")
_NO_ACCESS = re.compile(
    r"Authentication failed|could not read Username|Permission denied|terminal prompts disabled|403"
)
_DAMAGED = re.compile(r"fsck error|error in (?:tree|commit|tag|blob)|(?:index-pack|unpack-objects) (?:failed|abnormal)")
_ABSENT = re.compile(r"not our ref ([0-9a-f]{40})")
_MOST_ABSENT = 200
_MOST_NAMES = 8
_OPTIONS = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
# On this machine the other side is our own git as well: told to filter, and to serve any object.
_LOCAL_SIDE = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"


def fetch_remote(
    remote: Remote, ref: str | None, inner: PurePosixPath | None, workspace: Path, limits: FetchLimits
) -> Submission:
    """The commit that `ref` (or the default branch) names, its files below `inner` written into `workspace`.

    Raises as `git.fetch` does.
    """
    if ref is not None and (not _REF.fullmatch(ref) or ".." in ref or "@{" in ref):
        raise UsageError(f"{printable(ref)!r} is not the name of a branch, tag or commit.")
    repository, checkout = workspace / "repository.git", workspace / "checkout"
    _succeed(("init", "--quiet", "--bare", "--template=", str(repository)), git_command.environment(), limits)
    done = _transfer(remote, ("--depth=1", "--filter=blob:none"), (ref or "HEAD",), repository, limits)
    if done.code != 0:
        raise _refusal(remote, ref, done.errors)
    # The fetch wrote down where absent blobs could be had; forgotten, nothing is ever fetched behind our back.
    (repository / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    told = git_command.environment(GIT_DIR=str(repository))
    commit = _succeed(("rev-parse", "--verify", "FETCH_HEAD^{commit}"), told, limits).decode().strip()
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


def _transfer(
    remote: Remote, options: tuple[str, ...], wanted: tuple[str, ...], repository: Path, limits: FetchLimits
) -> Done:
    header = {f"http.{remote.url}.extraHeader": remote.header, "http.followRedirects": "false"} if remote.header else {}
    told = git_command.environment(header, GIT_DIR=str(repository))
    local = ("--upload-pack", _LOCAL_SIDE) if remote.url.startswith("file:") else ()
    return git_command.run(
        ("fetch", *_OPTIONS, *options, *local, "--stdin", "--", remote.url),
        told,
        seconds=limits.seconds,
        given="".join(f"{name}\n" for name in wanted).encode(),
        growing=repository,
        growing_bytes=limits.transfer_bytes,
    )


def _fetch_blobs(
    remote: Remote, told: dict[str, str], blobs: Iterable[Blob], repository: Path, limits: FetchLimits
) -> None:
    """Transfer the blobs that are not here yet; what the server lacks stays absent."""
    here = present(told, blobs, limits)
    wanted = {blob.oid for blob in blobs if blob.oid not in here}
    for _ in range(_MOST_ABSENT):
        if not wanted:
            return
        done = _transfer(remote, ("--no-write-fetch-head",), tuple(sorted(wanted)), repository, limits)
        if done.code == 0:
            return
        absent = _ABSENT.search(done.errors)
        if absent is None or absent[1] not in wanted:
            raise _refusal(remote, None, done.errors)
        wanted.remove(absent[1])


def _must_exist(
    remote: Remote, told: dict[str, str], commit: str, inner: PurePosixPath | None, limits: FetchLimits
) -> None:
    """Where there is nothing to read: say that, or that there is no such folder, and name those there are."""
    if inner is None:
        raise SubmissionError(f"The repository {remote.shown} holds no code.")
    entry = _succeed(("ls-tree", "-z", commit, "--", str(inner)), told, limits)
    if b" tree " in entry.partition(b"\t")[0]:
        raise SubmissionError(f"The folder {printable(str(inner))} of {remote.shown} holds no code.")
    if entry:
        raise UsageError(f"--path {printable(str(inner))} is a file; give its folder.")
    listed = _succeed(("ls-tree", "-d", "-z", "--name-only", commit), told, limits)
    names = [name.decode("utf-8", errors="replace") for name in listed.split(b"\0") if name]
    raise UsageError(f"There is no folder {printable(str(inner))} in the repository: {listed_names(names)}.")


def _succeed(arguments: tuple[str, ...], told: dict[str, str], limits: FetchLimits) -> bytes:
    done = git_command.run(arguments, told, seconds=limits.seconds, output_bytes=16 << 20)
    if done.code != 0:
        raise SubmissionError(f"The repository cannot be read: {_reason(done.errors)}.")
    return done.output


def _refusal(remote: Remote, ref: str | None, errors: str) -> GraderError:
    """What git said about a failed fetch, as one sentence of the right kind."""
    if _UNKNOWN_REF.search(errors):
        if ref is None:
            return SubmissionError(f"The repository {remote.shown} is empty.")
        mend = "Give all 40 digits of a commit." if re.fullmatch(r"[0-9a-f]{4,39}", ref) else ""
        return UsageError(f"The repository {remote.shown} has no branch, tag or commit {printable(ref)}.", mend=mend)
    if _NO_ACCESS.search(errors):
        return UsageError(
            f"The repository {remote.shown} does not exist or is not open to you.",
            mend="For a private one use ssh with your agent, or clone it and give the folder.",
        )
    if _NOT_THERE.search(errors):
        return UsageError(f"There is no repository at {remote.shown}.")
    if _DAMAGED.search(errors):
        return SubmissionError(f"The repository {remote.shown} is damaged or malicious: {_reason(errors)}.")
    return GraderError(f"The repository {remote.shown} cannot be fetched: {_reason(errors)}.")


def _reason(errors: str) -> str:
    """The line in which git itself says why; what the server says is not repeated."""
    lines = [line for line in errors.splitlines() if line.startswith(("fatal: ", "error: ", "ssh: "))]
    line = lines[0] if lines else "git gave no reason"
    return printable(redact(line.partition(": ")[2] if lines else line)).rstrip(".")[:300]


def listed_names(names: list[str]) -> str:
    """A few names, in words."""
    if not names:
        return "there are no folders"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return "there are " + ", ".join(printable(name) for name in names[:_MOST_NAMES]) + more
