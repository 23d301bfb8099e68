"""The whole flow: discover, extract, measure, train, check, report."""

import time
from datetime import UTC, datetime

from grader.errors import SubmissionError
from grader.model.report import GradeReport
from grader.pipeline.assemble import Clock
from grader.pipeline.conclude import conclude, refuse
from grader.pipeline.extract import Ungradable
from grader.pipeline.prepare import Refused, analyse, probe
from grader.pipeline.request import Backends, Request
from grader.pipeline.train import train


def grade(request: Request, backends: Backends) -> GradeReport:
    """Grade one submission against one rubric.

    Raises GraderError only for our or the machine's failures; what is wrong with the submission is in the report. A
    batch does the same steps in several processes: see `grader.batch.run`.
    """
    created_at, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    probed = probe(request, backends)
    prepared = probed if isinstance(probed, Refused) else analyse(request, probed, backends)
    if isinstance(prepared, Refused):
        return refuse(request, prepared, backends, Clock(created_at, time.monotonic() - began))
    training = train(request, prepared.attempts, backends, prepared.export, prepared.stored)
    return conclude(request, prepared, training, backends, Clock(created_at, time.monotonic() - began))


def refusal(request: Request, problem: SubmissionError, backends: Backends) -> GradeReport:
    """The report of a submission that could not even be looked at: unreachable, empty, a bad `.grader.yml`."""
    clock = Clock(datetime.now(UTC).isoformat(timespec="seconds"), 0.0)
    return refuse(request, Refused(Ungradable.of(problem)), backends, clock)
