"""Running the service: the web process, the workers, or both; and looking whether it could run."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn

from grader.errors import GraderError, UsageError
from grader.publish.credentials import Credentials as ForgeCredentials
from grader.publish.credentials import credentials_of
from grader.store.engine import Store, open_store
from grader.training.isolation import die_with_parent
from grader.web.app import create_app
from grader.web.credentials import VARIABLES, credentials_of_environment
from grader.web.load_configuration import Loaded, load_configuration
from grader.web.rate_limit import RateLimit
from grader.web.services import Services
from grader.web.supervisor import READY, Supervisor

_LOG = logging.getLogger("grader.serve")
_FORGE = ("GITHUB_TOKEN", "GH_TOKEN", "GRADER_GITHUB_APP_ID", "GRADER_GITHUB_APP_KEY", "GRADER_GITHUB_APP_KEY_FILE")
_MARKER = "GRADER_MARKER_KEY"
_MOST_AT_ONCE = 1_000  # connections; those that watch a training stay open
_LAST_WORDS = 10  # seconds that requests have to end


def serve_web(file: Path, *, with_workers: bool) -> None:
    """Answer requests until a signal; with workers a second process grades. Raises GraderError."""
    _log()
    loaded = load_configuration(file)
    credentials = credentials_of_environment()
    forge_credentials(loaded)  # now, and not when the first report is to be posted
    for note in _notes(loaded):
        _LOG.warning("%s", note)
    with _store(loaded) as store:
        command = [
            sys.executable,
            "-m",
            "grader",
            "serve",
            str(file),
            "--part",
            "workers",
            "--parent",
            str(os.getpid()),
        ]
        kept = Supervisor(command, {name: value for name, value in os.environ.items() if name not in VARIABLES})
        configuration = loaded.configuration
        services = Services(
            configuration=configuration,
            courses=loaded.courses,
            credentials=credentials,
            store=store,
            refusals=RateLimit(configuration.limits.refusals_per_minute),
            workers_alive=kept.is_alive if with_workers else lambda: True,
        )
        server = uvicorn.Server(_server(services))
        if with_workers:
            kept.start()
        try:
            # uvicorn repeats the signal that ended it, and exits where it can't listen.
            with contextlib.suppress(KeyboardInterrupt, SystemExit):
                server.run()
        finally:
            if with_workers:
                kept.stop()
        if not server.started:
            raise GraderError(f"Nothing can listen on {configuration.listen}.", mend="Is the port taken?")


def serve_workers(file: Path, *, parent: int | None) -> None:
    """Grade until a signal; `parent` is the process that this one ends with. Raises GraderError."""
    from grader.web.grading.workers import work

    if parent is not None:
        die_with_parent(parent)
    _log()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    loaded = load_configuration(file)
    found = forge_credentials(loaded)
    for name in (*VARIABLES, *_FORGE, _MARKER):  # not for those that this process starts
        os.environ.pop(name, None)
    with _store(loaded) as store:
        work(loaded, store, found, stopping, ready=lambda: print(READY, flush=True))


def look(file: Path) -> list[str]:
    """What the service would do, in lines; nothing is started. Raises GraderError for what keeps it from running."""
    from grader.sandbox.select import select

    loaded = load_configuration(file)
    credentials = credentials_of_environment()
    found = forge_credentials(loaded)
    sandbox = select(loaded.configuration.work.sandbox)
    with _store(loaded) as store:
        shown = store.shown
    ways = [
        *(["an account on the forge"] if credentials.oauth_client_id else []),
        *(["the admin token"] if credentials.admin_token else []),
    ]
    reads = "nobody: only public repositories" if found is None else "a GitHub App" if found.app else "a token"
    configuration = loaded.configuration
    return [
        f"listens on {configuration.listen}, reached as {configuration.public_url}",
        f"webhook   {configuration.public_url}/webhook",
        f"store     {shown}",
        f"sandbox   {sandbox.name}",
        f"forge     {configuration.api_url}, as {reads}",
        f"sign-in   by {' or '.join(ways)}; instructors: {', '.join(configuration.instructors) or 'nobody by account'}",
        *(_assignment(loaded, name) for name in loaded.courses),
        *(f"note: {one}" for one in _notes(loaded)),
    ]


def forge_credentials(loaded: Loaded, environment: Mapping[str, str] | None = None) -> ForgeCredentials | None:
    """What reads repositories and posts; None where nothing is given. Raises UsageError where something has to post."""
    given = dict(os.environ if environment is None else environment)
    if any(given.get(name, "").strip() for name in _FORGE):
        return credentials_of(given)
    posts = next((name for name, course in loaded.courses.items() if course.assignment.publish), None)
    if posts is not None:
        raise UsageError(
            f"There is nothing to post the reports of {posts!r} with.",
            mend="Set GRADER_GITHUB_APP_ID and GRADER_GITHUB_APP_KEY_FILE, or GITHUB_TOKEN; or write `publish: []`.",
        )
    return None


def _notes(loaded: Loaded) -> list[str]:
    """What is allowed, and hardly meant."""
    configuration = loaded.configuration
    if configuration.is_secure and not configuration.proxies:
        return ["no `proxies` are named: behind a reverse proxy all requests count as one address's, also for limits."]
    return []


def _assignment(loaded: Loaded, name: str) -> str:
    course = loaded.courses[name]
    one = course.assignment
    whose = [*one.repositories, *([f"{len(course.entries)} students of {one.roster}"] if one.roster else [])]
    trained = "trained" if one.train else "not trained"
    posted = ", ".join(one.publish) or "nothing"
    return f"{name}: {course.rubric.id}, {trained}; {', '.join(whose)}; posts {posted}"


def _server(services: Services) -> uvicorn.Config:
    configuration = services.configuration
    host, port = configuration.address
    return uvicorn.Config(
        create_app(services),
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # addresses of requests hold what signs people in
        server_header=False,
        proxy_headers=bool(configuration.proxies),
        forwarded_allow_ips=list(configuration.proxies),
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_LAST_WORDS,
    )


@contextlib.contextmanager
def _store(loaded: Loaded) -> Iterator[Store]:
    store = open_store(loaded.configuration.store)
    try:
        yield store
    finally:
        store.close()


def _log() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("alembic", "github", "urllib3", "httpx"):  # they say too much, the last three also addresses
        logging.getLogger(name).setLevel(logging.WARNING)
