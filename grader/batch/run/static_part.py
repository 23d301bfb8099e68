"""What a static worker does with one submission: find the model, bring its graph out, measure it.

This runs in a worker process, which has no credentials and sees no git folder. Student code runs in its sandbox only.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from grader.batch.run.costs import Cost, Meter
from grader.batch.run.counting_sandbox import CountingSandbox
from grader.batch.run.executor import Say
from grader.batch.run.files import unpacked
from grader.batch.run.own_names import OwnNames, own_names
from grader.errors import SubmissionError
from grader.intake.tree import SourceTree
from grader.model.similarity import Fingerprint
from grader.model.work import Stage
from grader.pipeline.entries import described, narrowed, the_one_entry
from grader.pipeline.extract import Ungradable
from grader.pipeline.prepare import Prepared, Probed, Refused, analyse, probe, warm_up
from grader.pipeline.request import Backends, Request
from grader.sandbox.base import Limits, Sandbox
from grader.sandbox.select import select
from grader.similarity.fingerprint import fingerprint


@dataclass(frozen=True)
class StaticTask:
    """One submission. Its folders are the coordinator's, or where they lie in `files`."""

    request: Request
    sandbox: str  # the word that --sandbox takes
    limits: Limits
    files: bytes | None = None  # the checkout as `grader.batch.run.files.packed` gives it, for workers elsewhere


@dataclass(frozen=True)
class StaticDone:
    """What came of it. `request` is narrowed to what the submission's .grader.yml names."""

    request: Request
    outcome: Prepared | Refused
    names: OwnNames
    fingerprint: Fingerprint
    costs: tuple[Cost, ...]  # of the stages probe and analyse, as far as it came


def examine(task: StaticTask, say: Say) -> StaticDone:
    """The stages probe and analyse of one submission; says which stage begins.

    Raises UsageError for a model that the roster names and that is not there, SandboxError when the sandbox fails.
    """
    if task.files is None:
        return _examine(task, say)
    with unpacked(task.files) as folder:
        return _examine(replace(task, request=_moved(task.request, folder)), say)


def prepare_worker() -> None:
    """Import what the first submission would wait for."""
    warm_up()


def _examine(task: StaticTask, say: Say) -> StaticDone:
    sandbox = CountingSandbox(_sandbox(task.sandbox))
    backends = Backends(sandbox=sandbox, limits=task.limits)
    meter = Meter(lambda: sandbox.cpu_seconds)
    say(Stage.PROBE)
    request, probed = _probed(task.request, backends)
    meter.end(Stage.PROBE)
    outcome: Prepared | Refused
    if isinstance(probed, Refused):
        outcome, export = probed, None
    else:
        say(Stage.ANALYSE)
        outcome, export = analyse(request, probed, backends), probed.export
    tree = SourceTree(request.submission.root, request.submission.checkout)
    found = fingerprint(export, tree.sources.values())
    if export is not None:
        meter.end(Stage.ANALYSE)
    return StaticDone(request, outcome, own_names(export), found, meter.costs)


def _probed(request: Request, backends: Backends) -> tuple[Request, Probed | Refused]:
    try:
        entry = the_one_entry(request.submission.root, request.options.model)
        request = narrowed(described(request, entry), entry)
    except SubmissionError as problem:
        return request, Refused(Ungradable.of(problem))
    return request, probe(request, backends)


def _moved(request: Request, folder: Path) -> Request:
    """The same request about the files below `folder`."""
    submission = request.submission
    root = folder / submission.root.relative_to(submission.checkout)
    return replace(request, submission=submission.model_copy(update={"checkout": folder, "root": root}))


@cache
def _sandbox(name: str) -> Sandbox:
    return select(name, warm=True)
