"""Candidate to graph: slice the source, run the probe in the sandbox, read what came out."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from grader.errors import SubmissionError, UsageError
from grader.graph.schema import ProbeFailure, read_probe_output, read_probe_shapes
from grader.intake.discover import discover
from grader.intake.slice import slice_candidate
from grader.model.graph import Export
from grader.model.submission import Candidate, Discovery, Location, Slice
from grader.pipeline.request import Backends, Request
from grader.sandbox.base import Job, Result

MOST_CONTENDERS = 8  # probing more than this costs more than asking the student to name one


Blame = Literal["submission", "nobody", "grader"]


class Ungradable(SubmissionError):
    """The model could not be brought out.

    `blame` says whose fault that is: the submission's (it can't be built), nobody's (a limit of grader's that an honest
    model may meet: inconclusive), or grader's own (never costs points).
    """

    def __init__(
        self, message: str, *, mend: str = "", location: Location | None = None, blame: Blame = "submission"
    ) -> None:
        super().__init__(message, mend=mend)
        self.location = location
        self.blame: Blame = blame

    @classmethod
    def of(cls, problem: SubmissionError) -> "Ungradable":
        """Any complaint about a submission, in the form that the report needs."""
        return problem if isinstance(problem, cls) else cls(problem.message, mend=problem.mend)


def find(request: Request) -> Discovery:
    """The candidates and the chosen one.

    Raises UsageError for a --model (or a roster's word) that names nothing, Ungradable for one of .grader.yml.
    """
    submission = request.submission
    try:
        found = discover(
            submission.root, model=request.options.model, readme=request.readme, checkout=submission.checkout
        )
    except UsageError as problem:
        if request.selected_by == ".grader.yml":
            raise Ungradable(f".grader.yml: {problem.message}", mend=problem.mend) from None
        if request.selected_by != "--model":
            message = f"{request.selected_by.capitalize()} names {problem.message.removeprefix('--model ')}"
            raise UsageError(message, mend=problem.mend) from None
        raise
    if request.options.model is not None and request.selected_by != "--model":
        return found.model_copy(update={"selected_by": f"{request.selected_by} names {request.options.model}"})
    return found


def extract(request: Request, candidate: Candidate, batch_size: int, backends: Backends) -> Export:
    """The validated graphs of one candidate; a model may be made for batches of `batch_size` only.

    Raises Ungradable when its code can't be built, run or exported, SandboxError when the sandbox itself fails.
    """
    sliced = _slice(candidate, request)
    asked = _probe_request({"slice": sliced.model_dump(mode="json")}, request, batch_size, "export")
    result = backends.sandbox.run(Job(asked, limits=backends.limits))
    _raise_if_cut_short(result, candidate)
    answer = read_probe_output(result.files, sliced, input_shape=request.rubric.task.input_shape)
    if isinstance(answer, ProbeFailure):
        raise _ungradable(answer, candidate)
    return answer


def narrow(discovery: Discovery, request: Request, backends: Backends) -> Discovery:
    """Where the source leaves a tie, ask the sandbox which contenders map the task's image to its classes."""
    contenders = discovery.contenders
    if discovery.selected is not None or not 1 < len(contenders) <= MOST_CONTENDERS:
        return discovery
    fitting = _fitting(contenders, request, backends)
    if len(fitting) != 1:
        return discovery.model_copy(update={"contenders": tuple(fitting) or contenders})
    task = request.rubric.task
    size = "×".join(map(str, task.input_shape))
    reason = f"the only one of {len(contenders)} contenders that maps {size} to {task.classes} outputs"
    return discovery.model_copy(update={"selected": fitting[0], "selected_by": reason})


def _fitting(contenders: Sequence[Candidate], request: Request, backends: Backends) -> list[Candidate]:
    """Those that map the task's image to its classes; all are tried in one start of the sandbox."""
    classes = request.rubric.task.classes
    slices = [_slice(contender, request) for contender in contenders]
    asked = _probe_request({"slices": [piece.model_dump(mode="json") for piece in slices]}, request, 2, "shapes")
    result = backends.sandbox.run(Job(asked, outputs=("shapes.json",), limits=backends.limits))
    if result.status != "exited" or result.exit_code != 0:  # what lies there then is not the probe's
        return []
    try:
        answers = read_probe_shapes(result.files, slices)
    except SubmissionError:
        return []
    return [contender for contender, shape in zip(contenders, answers, strict=True) if shape == (classes,)]


def _slice(candidate: Candidate, request: Request) -> Slice:
    return slice_candidate(request.submission.root, candidate, checkout=request.submission.checkout)


def _probe_request(model: dict[str, Any], request: Request, batch_size: int, mode: str) -> bytes:
    return json.dumps(
        {
            "schema": "grader/probe-request/v1",
            **model,
            "input_shape": list(request.rubric.task.input_shape),
            "batch_size": batch_size,
            "seed": 0,
            "mode": mode,
        }
    ).encode()


def _raise_if_cut_short(result: Result, candidate: Candidate) -> None:
    name, place = candidate.name, candidate.location
    if result.status == "timeout":
        raise Ungradable(
            f"Building {name} did not end within {result.seconds:.0f} seconds and was stopped.",
            mend="Look for a loop that never ends, or for training and downloads that start when the class is built.",
            location=place,
        )
    if result.status == "memory":
        raise Ungradable(
            f"Building {name} needed more memory than the sandbox allows.",
            mend="Make the layers smaller; the model must fit comfortably in 4 GiB.",
            location=place,
        )
    if result.status == "output_limit":
        raise Ungradable(f"{name} wrote more output than the sandbox allows.", location=place)
    if result.refused:
        raise Ungradable(
            f"In place of its outputs, {name} left something that can't be read: {' '.join(result.refused)}",
            mend="Remove what replaces, links or protects files in the folder of the outputs.",
            location=place,
        )
    if "result.json" not in result.files:
        raise Ungradable(
            f"The process that builds {name} ended before the model was built (exit code {result.exit_code}).",
            mend="Remove calls such as exit() or os._exit() from the code that defines or builds the model.",
            location=place,
        )


def _ungradable(failure: ProbeFailure, candidate: Candidate) -> Ungradable:
    doing = {
        "import": f"The code that {candidate.name} needs could not be loaded",
        "build": f"{candidate.name} could not be built",
        "forward": f"{candidate.name} could not process an image of the task",
        "export": f"The graph of {candidate.name} could not be exported",
        "convert": f"The graph of {candidate.name} holds something grader can't read",
    }[failure.stage]
    detail = failure.message if failure.message.endswith((".", "!", "?")) else f"{failure.message}."
    kind = f"{failure.type}: " if failure.type else ""
    return Ungradable(
        f"{doing}: {kind}{detail}",
        mend=failure.hint,
        location=failure.location or candidate.location,
        blame=_blame(failure),
    )


def _blame(failure: ProbeFailure) -> Blame:
    if failure.type == "ProbeCrash":
        return "grader"
    return "nobody" if failure.stage in ("export", "convert") else "submission"
