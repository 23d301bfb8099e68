"""What git said about a failed fetch, as one sentence of the right kind: whose doing it is, and whether it passes."""

import re

from grader.errors import GraderError, SubmissionError, UsageError
from grader.intake.git_source import Remote, printable, redact

_UNKNOWN_REF = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref")
_NOT_THERE = re.compile(r"not found|does not appear to be a git repository|does not exist|not a git repository")
_NO_ACCESS = re.compile(
    r"Authentication failed|could not read Username|Permission denied|terminal prompts disabled|returned error: 40[13]"
    r"|access denied or repository not exported"
)
_PASSING = re.compile(
    r"could ?n[o']t resolve host|temporary failure in name resolution|unable to connect to|failed to connect"
    r"|connection (?:refused|reset|closed|timed out|was reset)|operation (?:timed out|too slow)|timed out after"
    r"|network is unreachable|no route to host|empty reply from server|returned error: (?:408|429|5\d\d)"
    r"|early EOF|hung up unexpectedly|unexpected disconnect|unexpected EOF|transfer closed with|RPC failed"
    r"|HTTP/2 stream|SSL_ERROR_SYSCALL|GnuTLS recv error|kex_exchange_identification",
    re.IGNORECASE,
)
_DAMAGED = re.compile(r"fsck error|error in (?:tree|commit|tag|blob)|(?:index-pack|unpack-objects) (?:failed|abnormal)")


class Unreachable(GraderError):
    """The host did not answer, or not to the end: it may a little later."""


class NoAccess(UsageError):
    """There is no such repository, or it is not open to whoever asks: a host does not say which."""


class NoReference(UsageError):
    """The repository has no such branch, tag or commit."""


class NoFolder(UsageError):
    """The commit has no such folder."""


def refusal(remote: Remote, ref: str | None, errors: str) -> GraderError:
    """The error that stands for what git printed when it failed to fetch `ref` (None: the default branch)."""
    if _UNKNOWN_REF.search(errors):
        if ref is None:
            return SubmissionError(f"The repository {remote.shown} is empty.")
        mend = "Give all 40 digits of a commit." if re.fullmatch(r"[0-9a-f]{4,39}", ref) else ""
        return NoReference(f"The repository {remote.shown} has no branch, tag or commit {printable(ref)}.", mend=mend)
    if _NO_ACCESS.search(errors):
        return NoAccess(
            f"The repository {remote.shown} does not exist or is not open to you.",
            mend="For a private one use ssh with your agent, or clone it and give the folder.",
        )
    if _NOT_THERE.search(errors):
        return NoAccess(f"There is no repository at {remote.shown}.")
    message = f"The repository {remote.shown} cannot be fetched: {reason(errors)}."
    if _PASSING.search(errors):
        return Unreachable(message)
    if _DAMAGED.search(errors):
        return SubmissionError(f"The repository {remote.shown} is damaged or malicious: {reason(errors)}.")
    return GraderError(message)


def reason(errors: str) -> str:
    """The line in which git itself says why; what the server says is not repeated."""
    lines = [line for line in errors.splitlines() if line.startswith(("fatal: ", "error: ", "ssh: "))]
    line = lines[0] if lines else "git gave no reason"
    return printable(redact(line.partition(": ")[2] if lines else line)).rstrip(".: ")[:300]
