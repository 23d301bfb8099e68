"""A transfer from a remote repository into a bare one of our own, made by grader and without any configuration."""

from pathlib import Path

from grader.errors import SubmissionError
from grader.intake import git_command
from grader.intake.git_command import Done
from grader.intake.git_refusal import reason
from grader.intake.git_source import Remote
from grader.intake.git_tree import FetchLimits

_OPTIONS = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
# On this machine the other side is our own git as well: told to filter, and to serve any object.
_LOCAL_SIDE = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"


def new_repository(folder: Path, limits: FetchLimits) -> None:
    """Make an empty bare repository."""
    succeed(("init", "--quiet", "--bare", "--template=", str(folder)), git_command.environment(), limits)


def environment_for(remote: Remote, **variables: str) -> dict[str, str]:
    """The whole environment of a git command that talks to `remote`; its credentials go to no other host."""
    header = {f"http.{remote.url}.extraHeader": remote.header, "http.followRedirects": "false"} if remote.header else {}
    allowed = {"GIT_ALLOW_PROTOCOL": "git"} if remote.url.startswith("git:") else {}
    return git_command.environment(header, **allowed, **variables)


def transfer(
    remote: Remote, options: tuple[str, ...], wanted: tuple[str, ...], repository: Path, limits: FetchLimits
) -> Done:
    """Fetch what `wanted` names; how that ended is the caller's to judge.

    Raises TooMuch when a limit is passed.
    """
    told = environment_for(remote, GIT_DIR=str(repository))
    local = ("--upload-pack", _LOCAL_SIDE) if remote.url.startswith("file:") else ()
    done = git_command.run(
        ("fetch", *_OPTIONS, *options, *local, "--stdin", "--", remote.url),
        told,
        seconds=limits.seconds,
        given="".join(f"{name}\n" for name in wanted).encode(),
        growing=repository,
        growing_bytes=limits.transfer_bytes,
    )
    # The fetch wrote down where absent objects could be had; forgotten, nothing is ever fetched behind our back.
    (repository / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    return done


def succeed(arguments: tuple[str, ...], told: dict[str, str], limits: FetchLimits) -> bytes:
    """What a command printed that reads a repository of our own.

    Raises SubmissionError where it failed.
    """
    done = git_command.run(arguments, told, seconds=limits.seconds, output_bytes=16 << 20)
    if done.code != 0:
        raise SubmissionError(f"The repository cannot be read: {reason(done.errors)}.")
    return done.output
