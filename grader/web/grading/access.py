"""The forge as the service's token or App sees it: who may read which owner's repositories."""

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from github import Auth, Github, GithubIntegration

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.forge import Push
from grader.batch.fetch.github import GitHub
from grader.errors import FetchError, UsageError
from grader.intake.git_source import Remote
from grader.publish.credentials import AppKey, Credentials
from grader.publish.patience import Patience

_SECONDS = 30  # to connect, and between two packets


@dataclass
class ForgeAccess:
    """Sessions with the forge's API, one for each owner; they renew their tokens themselves. For several threads.

    `credentials` None: only what is public can be read.
    """

    api: str
    credentials: Credentials | None = field(repr=False)
    clone_url: str = "https://github.com"
    name: str = "GitHub"
    _sessions: dict[str, Github] = field(default_factory=dict, repr=False)
    _installed: dict[str, int] = field(default_factory=dict, repr=False)  # owner, lower case -> installation
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_app(self) -> bool:
        """Whether a GitHub App reads, and not a token."""
        return self.credentials is not None and self.credentials.app is not None

    def session(self, owner: str) -> Github:
        """PyGithub for an owner's repositories. Raises UsageError, FetchError and PublishError as `_installation`."""
        app = self.credentials.app if self.credentials else None
        key = owner.lower() if app else ""
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = Github(auth=self._auth(owner, app), **self._options())
            return self._sessions[key]

    def token(self, owner: str) -> str:
        """What opens an owner's repositories at the moment; "" where nothing is given. Raises as `session`."""
        if self.credentials is None:
            return ""
        auth = self.session(owner).requester.auth
        assert auth is not None
        return Patience(left=60).ask(lambda: auth.token, f"read the repositories of {owner}")

    def close(self) -> None:
        """End all sessions."""
        for session in self._sessions.values():
            session.close()

    def holds(self, remote: Remote) -> bool:
        """Whether the repository lies on this forge."""
        return remote.url.startswith(f"{self.clone_url}/")

    def with_credentials(self, repository: str) -> str:
        """The address with the token of its owner, which git sends to this forge alone; see `GitHub`."""
        if urlsplit(repository).scheme != "https" or not repository.startswith(f"{self.clone_url}/"):
            return repository
        owner = repository.removeprefix(f"{self.clone_url}/").partition("/")[0]
        return GitHub(api=self.api, token=self.token(owner)).with_credentials(repository)

    def pushes(self, remote: Remote, branch: str, back_off: BackOff) -> Any:
        """See `Forge.pushes`."""
        owner = remote.url.removeprefix(f"{self.clone_url}/").partition("/")[0]
        return GitHub(api=self.api, token=self.token(owner)).pushes(remote, branch, back_off)

    def received(self, repository: str, branch: str, commit: str, back_off: BackOff) -> Push | None:
        """The push that brought a branch to that commit, by the forge's record; None where it does not say."""
        forge = GitHub(api=self.api, token=self.token(repository.partition("/")[0]))
        remote = Remote(f"https://{forge.host}/{repository}", repository)
        try:
            return next((push for push in forge.pushes(remote, branch, back_off) if push.commit == commit), None)
        except FetchError:
            return None

    def _auth(self, owner: str, app: AppKey | None) -> Auth.Auth | None:
        if app is None:
            return Auth.Token(self.credentials.token) if self.credentials else None
        signed = Auth.AppAuth(int(app.id) if app.id.isdecimal() else app.id, app.key)
        return signed.get_installation_auth(self._installation(owner, signed))

    def _installation(self, owner: str, signed: Auth.AppAuth) -> int:
        """Where the App is installed for an owner.

        Raises FetchError where it is not, UsageError for a key that can't be used, PublishError where GitHub can't be
        asked.
        """
        if owner.lower() not in self._installed:
            integration = GithubIntegration(auth=signed, **{**self._options(), "lazy": False})
            try:
                found = Patience(left=60).ask(lambda: list(integration.get_installations()), "list the installations")
            except (ValueError, TypeError):
                raise UsageError("The key of the GitHub App can't be used: it is damaged, or no RSA key.") from None
            finally:
                integration.close()
            self._installed = {str(one.raw_data["account"]["login"]).lower(): one.id for one in found}
        number = self._installed.get(owner.lower())
        if number is None:
            mend = "Install it there, with access to the repositories of the course."
            raise FetchError(f"The GitHub App is not installed at {owner}.", fault="ours", mend=mend)
        return number

    def _options(self) -> dict[str, Any]:
        return {
            "base_url": self.api.rstrip("/"),
            "timeout": _SECONDS,
            "retry": None,
            "per_page": 100,
            "lazy": True,
            "seconds_between_requests": None,
        }
