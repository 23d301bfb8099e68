"""The service's secrets, from the environment alone. They are in no file, argument, log or `repr`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.errors import UsageError

VARIABLES = (
    "GRADER_WEBHOOK_SECRET",
    "GRADER_ADMIN_TOKEN",
    "GRADER_OAUTH_CLIENT_ID",
    "GRADER_OAUTH_CLIENT_SECRET",
)  # what the web process alone needs
_LEAST = 32  # characters of a secret that others can try to guess
_MADE = "`python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one."


@dataclass(frozen=True)
class Credentials:
    """ "" where something is not given. What opens the forge is read where it is used: see `grader.publish`."""

    webhook_secret: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    oauth_client_id: str = ""
    oauth_client_secret: str = field(default="", repr=False)


def credentials_of_environment(environment: Mapping[str, str] | None = None) -> Credentials:
    """The secrets of the environment.

    Raises UsageError where the webhook's secret is missing, where one is too short, or where nobody could sign in.
    """
    given = os.environ if environment is None else environment
    read = {name: given.get(f"GRADER_{name.upper()}", "").strip() for name in Credentials.__dataclass_fields__}
    found = Credentials(**read)
    for name in ("webhook_secret", "admin_token"):
        if read[name] and len(read[name]) < _LEAST:
            variable = f"GRADER_{name.upper()}"
            raise UsageError(f"{variable} is shorter than {_LEAST} characters, and could be guessed.", mend=_MADE)
    if not found.webhook_secret:
        message = "GRADER_WEBHOOK_SECRET is not set: without it nobody could tell GitHub's deliveries from forged ones."
        raise UsageError(message, mend=_MADE)
    if bool(found.oauth_client_id) != bool(found.oauth_client_secret):
        raise UsageError("GRADER_OAUTH_CLIENT_ID and GRADER_OAUTH_CLIENT_SECRET go together: one of them is not set.")
    if not found.admin_token and not found.oauth_client_id:
        raise UsageError(
            "Nobody could sign in.",
            mend="Set GRADER_ADMIN_TOKEN, or GRADER_OAUTH_CLIENT_ID and GRADER_OAUTH_CLIENT_SECRET.",
        )
    return found
