"""From what the user named to a folder to grade: a local folder as it is, or a commit of a remote repository.

A remote is fetched into a bare repository of ours: one commit, no blobs over the limit, no tags, submodules, hooks or
checkout; then the files are written one by one.
"""

import re
from pathlib import Path, PurePosixPath

from grader.errors import GraderError, SubmissionError, UsageError
from grader.intake import git_command, git_worktree
from grader.intake.git_source import Remote, parse, printable, redact
from grader.intake.git_tree import FetchLimits, list_blobs, write_blobs
from grader.model.submission import Submission

_REF = re.compile(r"(?![-+])[^\x00-\x20\x7f~^:?*\[\\]+")
_UNKNOWN_REF = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref")
_NOT_THERE = re.compile(r"not found|does not appear to be a git repository|does not exist|not a git repository")
_NO_ACCESS = re.compile(
    r"Authentication failed|could not read Username|Permission denied|terminal prompts disabled|403"
)
_DAMAGED = re.compile(r"fsck error|error in (?:tree|commit|tag|blob)|(?:index-pack|unpack-objects) (?:failed|abnormal)")
_MOST_NAMES = 8


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
    inner = None if path is None else _inner(path)
    parsed = parse(source)
    if isinstance(parsed, Remote):
        return _fetch_remote(parsed, ref, inner, workspace, limits or FetchLimits())
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


def _inner(path: str) -> PurePosixPath:
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
    if not root.resolve().is_relative_to(checkout.resolve()):
        raise UsageError(f"--path {printable(str(inner))} leads out of the repository by a symbolic link.")
    if root.is_dir():
        return root
    if root.exists():
        raise UsageError(f"--path {printable(str(inner))} is a file; give its folder.")
    parent = next(folder for folder in root.parents if folder.is_dir())
    there = sorted(entry.name for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    raise UsageError(f"There is no folder {printable(str(inner))}: {_listed(there)}.")


def _listed(names: list[str]) -> str:
    if not names:
        return "there are no folders"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return "there are " + ", ".join(printable(name) for name in names[:_MOST_NAMES]) + more


def _fetch_remote(
    remote: Remote, ref: str | None, inner: PurePosixPath | None, workspace: Path, limits: FetchLimits
) -> Submission:
    if ref is not None and (not _REF.fullmatch(ref) or ".." in ref or "@{" in ref):
        raise UsageError(f"{printable(ref)!r} is not the name of a branch, tag or commit.")
    repository, checkout = workspace / "repository.git", workspace / "checkout"
    header = {f"http.{remote.url}.extraHeader": remote.header, "http.followRedirects": "false"} if remote.header else {}
    _succeed(("init", "--quiet", "--bare", "--template=", str(repository)), git_command.environment(), limits)
    told = git_command.environment(header, GIT_DIR=str(repository))
    options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
    arguments = ("fetch", *options, f"--filter=blob:limit={limits.file_bytes}", "--", remote.url, ref or "HEAD")
    done = git_command.run(
        arguments, told, seconds=limits.seconds, growing=repository, growing_bytes=limits.transfer_bytes
    )
    if done.code != 0:
        raise _refusal(remote, ref, done.errors)
    # The fetch wrote down where absent blobs could be had; forgotten, nothing is ever fetched behind our back.
    (repository / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    told = git_command.environment(GIT_DIR=str(repository))
    commit = _succeed(("rev-parse", "--verify", "FETCH_HEAD^{commit}"), told, limits).decode().strip()
    blobs, left_out = list_blobs(told, commit, _shown(inner), limits)
    if not blobs and inner is not None:
        _must_exist(told, commit, inner, limits)
    checkout.mkdir()
    notes = (*left_out, *write_blobs(told, blobs, checkout, limits))
    if not blobs and inner is None:
        raise SubmissionError(f"The repository {remote.shown} holds no code.")
    root = checkout / inner if inner else checkout
    root.mkdir(parents=True, exist_ok=True)
    return Submission(
        source=remote.shown, checkout=checkout, root=root, path=_shown(inner), commit=commit, ref=ref, notes=notes
    )


def _must_exist(told: dict[str, str], commit: str, inner: PurePosixPath, limits: FetchLimits) -> None:
    """Raise UsageError, naming the folders there are, unless `inner` is a folder of the commit."""
    kind = git_command.run(("cat-file", "-t", f"{commit}:{inner}"), told, seconds=limits.seconds)
    if kind.output.strip() == b"tree":
        return
    if kind.code == 0:
        raise UsageError(f"--path {printable(str(inner))} is a file; give its folder.")
    listed = _succeed(("ls-tree", "-d", "-z", "--name-only", commit), told, limits)
    names = [name.decode("utf-8", errors="replace") for name in listed.split(b"\0") if name]
    raise UsageError(f"There is no folder {printable(str(inner))} in the repository: {_listed(names)}.")


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
