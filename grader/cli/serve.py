"""`grader serve`: the service with its webhook, its queue and its pages."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Part(StrEnum):
    """What of the service runs in this process and those that it starts."""

    ALL = "all"
    WEB = "web"
    WORKERS = "workers"


def serve(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file: see docs/operating.md.")],
    check: Annotated[
        bool, typer.Option("--check", help="Say what would be served, and what is missing; serve nothing.")
    ] = False,
    part: Annotated[
        Part, typer.Option("--part", help="The web alone, or workers alone, for several machines on one store.")
    ] = Part.ALL,
    parent: Annotated[int | None, typer.Option("--parent", hidden=True)] = None,
) -> None:
    """Grade what is pushed to GitHub, and show it: webhook, queue, workers, dashboard.

    Secrets come from the environment: GRADER_WEBHOOK_SECRET, GRADER_ADMIN_TOKEN, GRADER_GITHUB_APP_ID with
    GRADER_GITHUB_APP_KEY_FILE (or GITHUB_TOKEN), GRADER_OAUTH_CLIENT_ID and GRADER_OAUTH_CLIENT_SECRET.

    Exit codes: 0 ended by a signal, 2 wrong use, 3 something is missing on this machine or the store fails.
    """
    from grader.errors import UsageError
    from grader.report.escape import log_text

    try:
        from grader.web.serve import look, serve_web, serve_workers
    except ModuleNotFoundError as problem:
        if (problem.name or "").startswith("grader"):
            raise
        raise UsageError(
            "The service needs packages that are not installed.", mend="pip install 'graph-grader[web]'"
        ) from None
    if check:
        typer.echo(log_text("\n".join(look(configuration))))
    elif part is Part.WORKERS:
        serve_workers(configuration, parent=parent)
    else:
        serve_web(configuration, with_workers=part is Part.ALL)
