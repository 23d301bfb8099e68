"""What the results leave for a person to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.batch.results.view.students import needs_a_look
from grader.model.result import ResultRow
from grader.report.notation import count


@dataclass(frozen=True)
class Task:
    """A sentence, and the tag of the students it is about."""

    sentence: str
    tag: str


_SENTENCES = (
    ("waiting", "{} not graded yet. The same command goes on where it stopped.", ("is", "are")),
    ("unreached", "{} no report, for a reason of ours or of the network. --failed tries again.", ("has", "have")),
    ("error", "{} met by an error of grader's. It costs nobody points; please report it.", ("was", "were")),
    ("inconclusive", "{} without a verdict, because the measurements leave it open. A person decides.", ("is", "are")),
    ("ungradable", "{} handed in what can't be graded. The reports say what to mend.", ("has", "have")),
)


def tasks(rows: Sequence[ResultRow]) -> tuple[Task, ...]:
    """In the order of urgency; nothing where all is done."""
    found = []
    for result, sentence, verbs in _SENTENCES:
        number = sum(row.result == result for row in rows)
        if number:
            found.append(Task(sentence.format(f"{_students(number)} {verbs[number > 1]}"), result))
    looks = sum(map(needs_a_look, rows))
    if looks:
        models = "The accuracy of 1 student" if looks == 1 else f"The accuracies of {count(looks)} students"
        found.append(Task(f"{models} may not be what training gave. Look at what the reports flag.", "look"))
    late = sum(row.late for row in rows)
    if late:
        found.append(Task(f"{_students(late)} handed in late. Points are not reduced for it here.", "late"))
    return tuple(found)


def _students(number: int) -> str:
    return f"{count(number)} {'student' if number == 1 else 'students'}"
