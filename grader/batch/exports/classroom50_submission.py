"""What Classroom 50 has to know of a submission beside its grade, as far as the store tells it. Pure.

Its runner tags what a student hands in as `submit/<time>-<short hash>`, and releases it under that tag (`submission`,
`release` and `datetime` in `schemas/result-v1.schema.json` of foundation50/classroom50).
"""

import re
from urllib.parse import quote, urlsplit

from grader.batch.exports.classroom50 import Classroom50Submission
from grader.errors import UsageError
from grader.intake.git_source import redact
from grader.model.work import StoredSubmission

_SCP = re.compile(r"[^@/]+@(?P<host>[^:/]+):(?P<path>.+)")
_TAG = re.compile(
    r"submit/(?P<day>\d{4}-\d\d-\d\d)T(?P<hour>\d\d)[-:]?(?P<minute>\d\d)[-:]?(?P<second>\d\d)Z-[0-9a-f]+"
)
_TIME = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.\d+)?(?:Z|\+00:00)")
_ACCOUNTS = ("username", "github_username")


def classroom50_submission(
    submission: StoredSubmission, *, classroom: str, assignment: str, graded_at: str | None = None
) -> Classroom50Submission:
    """The submission's part of its result.

    The tag and the time are those of the roster's `ref` where that is such a tag; else they are made of the commit and
    the time at which the forge received it. Raises UsageError, in one sentence, where one of them is not known.
    """
    entry = submission.entry
    page = _web_page(entry.repository or "")
    if not page:
        raise UsageError("the repository has no page on the web")
    if not submission.commit:
        raise UsageError("no commit was graded")
    time = _TAG.fullmatch(entry.ref or "") or _TIME.fullmatch(submission.received_at or "")
    if time is None:
        raise UsageError("the time of handing in is not known: neither a `submit/` tag in `ref`, nor a push time")
    instant = f"{time['day']}T{time['hour']}:{time['minute']}:{time['second']}Z"
    made = f"submit/{instant.replace(':', '-')}-{submission.commit[:7]}"
    tag = entry.ref if entry.ref and _TAG.fullmatch(entry.ref) else made
    commit = f"{page}/commit/{submission.commit}"
    graded = _TIME.fullmatch(graded_at or "")
    return Classroom50Submission(
        classroom=classroom,
        assignment=assignment,
        owner=next((entry.columns[name] for name in _ACCOUNTS if entry.columns.get(name)), entry.student),
        submission=tag,
        commit=commit,
        release=f"{page}/releases/tag/{quote(tag, safe='')}",
        review=commit,
        datetime=instant,
        graded_at=graded and f"{graded['day']}T{graded['hour']}:{graded['minute']}:{graded['second']}Z",
    )


def _web_page(repository: str) -> str:
    """https://host/owner/name of a repository that is fetched over https or ssh; empty for any other."""
    if "://" not in repository:
        scp = _SCP.fullmatch(repository)
        return f"https://{scp['host']}/{scp['path'].removesuffix('.git').strip('/')}" if scp else ""
    parts = urlsplit(redact(repository))
    if parts.scheme not in ("https", "ssh") or not parts.hostname:
        return ""
    host = parts.netloc if parts.scheme == "https" else parts.hostname
    return f"https://{host}{parts.path.removesuffix('.git').rstrip('/')}"
