"""A report as posts. Pure: what a student wrote is escaped by `grader.report`, and shortened to what GitHub takes."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.errors import UsageError
from grader.model.outcome import Outcome, Status
from grader.model.report import GradeReport
from grader.model.submission import Location
from grader.publish.posts import Annotation, CheckPost, CommentPost, Kind, LabelsPost, Post, StatusPost
from grader.report.escape import prose, shorten, visible
from grader.report.markdown import to_markdown
from grader.report.notation import place as shown_place
from grader.report.notation import points

MOST_CHARACTERS = 65_536  # of a comment; of a check run's summary one less
MOST_ANNOTATIONS = 500
_MOST_DESCRIPTION = 140  # characters of a commit status
_MOST_LABEL = 50
_MOST_LINK = 2_000
_PER_CRITERION = 8

_WORDS = {"pass": "passed", "fail": "not passed", "inconclusive": "inconclusive"}
_LEVELS = {Status.FAILED: "failure", Status.INCONCLUSIVE: "warning"}


@dataclass(frozen=True)
class Shown:
    """How a report is posted: as what, with a link to all of it, and as which of several in one repository."""

    kinds: tuple[Kind, ...] = ("comment", "check")
    link: str = ""  # https; where the whole report lies
    entry: str = ""  # of a repository that holds several submissions

    def __post_init__(self) -> None:
        if self.link and (urlsplit(self.link).scheme not in ("https", "http") or len(self.link) > _MOST_LINK):
            raise UsageError(f"{visible(self.link)!r} is not an address that a report can be linked by.")


def slot_of(report: GradeReport, shown: Shown) -> str:
    """What there is one comment of, one check and one label: at most 100 characters."""
    return shorten(f"{report.rubric.id}/{shown.entry}" if shown.entry else report.rubric.id, 100)


def posts_of(report: GradeReport, commit: str, shown: Shown) -> dict[Kind, Post]:
    """The posts that are asked for. Raises ValueError for a report of an error of ours: it is no grade."""
    if report.verdict == "error":
        raise ValueError("a report of an error of ours is not posted")
    slot = slot_of(report, shown)
    made: dict[Kind, Post] = {
        "comment": CommentPost(commit=commit, slot=slot, body=comment_body(report, commit, shown.link)),
        "check": _check(report, commit, slot, shown.link),
        "status": _status(report, commit, slot, shown.link),
        "labels": _labels(report, commit, slot),
    }
    return {kind: made[kind] for kind in dict.fromkeys(shown.kinds)}


def comment_body(report: GradeReport, commit: str, link: str) -> str:
    """The comment without its marker: never more than GitHub takes, with the link to what was left out."""
    foot = f"\n---\nGraded at commit `{commit[:12]}`"
    foot += f" · [the whole report]({_in_parentheses(link)})\n" if link else "\n"
    return to_markdown(report) + foot


def annotations(report: GradeReport) -> tuple[Annotation, ...]:
    """A remark on each line that a criterion points at which is not met."""
    found = (one for outcome in report.outcomes for one in _remarks(report, outcome))
    return tuple(one for one, _ in zip(found, range(MOST_ANNOTATIONS), strict=False))


def _remarks(report: GradeReport, outcome: Outcome) -> Iterator[Annotation]:
    level = _LEVELS.get(outcome.status)
    if level is None:
        return
    if level == "failure" and outcome.kind != "required":
        level = "notice"
    text = prose(f"{outcome.message} {outcome.fix}".strip())
    for location in dict.fromkeys(outcome.evidence[:_PER_CRITERION]):
        path = _path(report.provenance.path, location)
        if path is None:
            continue
        in_cell = location.cell is not None  # lines of a notebook's cell are none of its file
        where = f"{shown_place(location)}: " if in_cell else ""
        yield Annotation.model_validate(
            {
                "path": path,
                "line": 1 if in_cell else location.line or 1,
                "level": level,
                "title": prose(outcome.title, 200),
                "message": f"{where}{text}",
            }
        )


def _path(folder: str | None, location: Location) -> str | None:
    """The file's path in the repository; None where it is not a path in it."""
    path = posixpath.normpath(posixpath.join(folder or "", location.file))
    safe = not path.startswith(("/", "../")) and path not in ("..", ".") and path == visible(path, 4_000)
    return path if safe else None


def _check(report: GradeReport, commit: str, slot: str, link: str) -> CheckPost:
    return CheckPost(
        commit=commit,
        slot=slot,
        name=_name(slot),
        conclusion=_conclusion(report),
        title=_line(report, 200),
        summary=to_markdown(report),
        annotations=annotations(report),
        link=link,
        status=_status(report, commit, slot, link),
    )


def _conclusion(report: GradeReport) -> str:
    """What can't be graded fails: the student has to mend it. What could not be decided does neither."""
    if report.verdict == "pass":
        return "success"
    return "failure" if report.verdict == "fail" or not report.gradable else "neutral"


def _status(report: GradeReport, commit: str, slot: str, link: str) -> StatusPost:
    state = {"success": "success", "failure": "failure", "neutral": "error"}[_conclusion(report)]
    return StatusPost.model_validate(
        {
            "commit": commit,
            "context": _name(slot),
            "state": state,
            "description": _line(report, _MOST_DESCRIPTION),
            "link": link,
        }
    )


def _labels(report: GradeReport, commit: str, slot: str) -> LabelsPost:
    names = {verdict: shorten(f"{visible(slot, 30)}: {word}", _MOST_LABEL) for verdict, word in _WORDS.items()}
    return LabelsPost(commit=commit, label=names[report.verdict], family=tuple(names.values()))


def _name(slot: str) -> str:
    return f"grader / {visible(slot, 80)}"


def _line(report: GradeReport, limit: int) -> str:
    score = report.score
    word = "Could not be graded" if not report.gradable else _WORDS[report.verdict].capitalize()
    start = f"{word}: {points(score.points)} of {points(score.max_points)} points. "
    return start + prose(report.summary, limit - len(start))


def _in_parentheses(link: str) -> str:
    return link.replace("(", "%28").replace(")", "%29").replace(" ", "%20").replace("<", "%3C").replace("\n", "")
