"""What the service is told in its file. Secrets are no part of it: they come from the environment."""

import re
from datetime import datetime
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from grader.batch.fetch.deadline import parse_deadline
from grader.batch.fetch.github import PUBLIC_API
from grader.errors import UsageError
from grader.model.base import Frozen

Posting = Literal["comment", "check", "status", "labels"]
Device = Literal["auto", "cpu", "cuda"]
_PATTERN = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.*-]+")
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,98})")


class Assignment(Frozen):
    """One assignment: whose repositories belong to it, and how they are graded."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")  # in addresses and in the store: never change it
    title: str = ""
    rubric: str  # a shipped one's name, or a YAML file
    repositories: tuple[str, ...] = ()  # OWNER/NAME; a * in NAME stands for the student's login
    roster: str | None = None  # a CSV file: who they are; repositories that it names belong to the assignment, too
    path: str | None = None  # a folder within the repository
    model: str | None = None
    recipe: str | None = None
    branches: tuple[str, ...] = ()  # beside the default branch and those of open pull requests
    forks: bool = False  # students hand in by pull requests from forks
    train: bool = True
    epochs: int | None = Field(default=None, ge=1)
    seeds: int | None = Field(default=None, ge=1, le=100)
    stop_at_target: bool = False  # a run ends at its first epoch at the target
    device: Device = "auto"
    deadline: str | None = None  # ISO 8601 with its zone
    publish: tuple[Posting, ...] = ("comment", "check")

    @field_validator("repositories")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not _PATTERN.fullmatch(pattern) or pattern.count("*") > 1:
                raise ValueError(f"write OWNER/NAME, with one * in NAME at most, not {pattern!r}")
        return patterns

    @field_validator("deadline")
    @classmethod
    def _moment(cls, text: str | None) -> str | None:
        try:
            if text is not None:
                parse_deadline(text)
        except UsageError as problem:
            raise ValueError(str(problem)) from None
        return text

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.repositories and self.roster is None:
            raise ValueError(f"the assignment {self.name!r} needs repositories or a roster")
        return self

    @property
    def ends(self) -> datetime | None:
        """The deadline."""
        return None if self.deadline is None else parse_deadline(self.deadline)

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.title or self.name


class Work(Frozen):
    """How grading goes on. Times in seconds."""

    jobs: int | None = Field(default=None, ge=1)  # submissions worked on side by side; else one per CPU
    sandbox: Literal["auto", "bubblewrap", "container", "process"] = "auto"
    data_dir: str | None = None
    attempts: int = Field(default=4, ge=1, le=100)  # then a job is dead, until a person revives it
    first_pause: float = Field(default=30, ge=0)  # after a failure; each further one is twice as long
    longest_pause: float = Field(default=3600, ge=1)
    lease: float = Field(default=120, ge=2)  # how long after the death of a service another takes over its jobs
    build_timeout: float = Field(default=90, ge=1)
    static_timeout: float = Field(default=300, ge=1)
    epoch_timeout: float = Field(default=1800, ge=1)


class Limits(Frozen):
    """Bounds on what one caller may ask for."""

    requests_per_minute: int = Field(default=300, ge=1)  # of one address, and of one session
    refusals_per_minute: int = Field(default=30, ge=1)  # wrong signatures and tokens of one address
    delivery_megabytes: int = Field(default=25, ge=1, le=100)  # GitHub sends 25 MB at most


class Configuration(Frozen):
    """The whole file."""

    public_url: str  # where people and GitHub reach the service
    store: str = "store.sqlite"  # a file, or a postgresql:// URL without its password
    listen: str = "127.0.0.1:8000"
    proxies: tuple[str, ...] = ()  # addresses of reverse proxies, whose X-Forwarded-* headers are believed
    api_url: str = PUBLIC_API
    clone_url: str = "https://github.com"
    instructors: tuple[str, ...] = ()  # logins
    sweep_minutes: float = Field(default=30, gt=0)
    keep_deliveries_days: int = Field(default=30, ge=1)
    work: Work = Work()
    limits: Limits = Limits()
    assignments: tuple[Assignment, ...] = Field(min_length=1)

    @field_validator("public_url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("write https://HOST, or http://127.0.0.1:PORT for this machine alone")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("the service needs a host of its own: no path behind it")
        return url.rstrip("/")

    @field_validator("clone_url")
    @classmethod
    def _forge(cls, url: str) -> str:
        parts = urlsplit(url)
        local = parts.scheme == "git" and parts.hostname in ("127.0.0.1", "localhost")
        if parts.scheme not in ("https", "ssh", "file") and not local:
            raise ValueError("write https://HOST, ssh://git@HOST or file:///FOLDER")
        if parts.password or (parts.username and parts.scheme == "https"):
            raise ValueError("leave user and password out: the token comes from the environment")
        return url.rstrip("/")

    @field_validator("store")
    @classmethod
    def _without_password(cls, place: str) -> str:
        if "://" in place and urlsplit(place).password:
            raise ValueError("leave the password out: set PGPASSWORD in the environment, or use a .pgpass file")
        return place

    @field_validator("listen")
    @classmethod
    def _port(cls, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError("write HOST:PORT, as 127.0.0.1:8000")
        return text

    @field_validator("instructors")
    @classmethod
    def _logins(cls, logins: tuple[str, ...]) -> tuple[str, ...]:
        for login in logins:
            if not _LOGIN.fullmatch(login):
                raise ValueError(f"{login!r} is not a login")
        return tuple(login.lower() for login in logins)

    @field_validator("assignments")
    @classmethod
    def _distinct(cls, assignments: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        names = [one.name for one in assignments]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the name {repeated!r} appears twice")
        return assignments

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def is_secure(self) -> bool:
        """Whether cookies go over https alone."""
        return self.public_url.startswith("https://")
