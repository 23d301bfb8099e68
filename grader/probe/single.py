"""One request, one result object: what goes wrong in the student's code is part of the answer."""

from pathlib import Path
from typing import Any

from grader.probe.failure import ProbeError, summary
from grader.probe.notes import Notes


def result_of(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run the request; graphs.json and tensors.safetensors are written to `folder`, result.json is the caller's."""
    notes = Notes()
    result: dict[str, Any] = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None}
    try:
        from grader.probe.run import run

        result["output_shape"] = list(run(request, folder, notes))
    except ProbeError as failure:
        result.update(status="failed", stage=failure.stage, error=failure.as_data(), output_shape=None)
    except Exception as error:  # a fault of the probe, or of torch: still an answer, and not the student's
        crash = ProbeError("convert", "ProbeCrash", f"grader's probe can't handle this model: {summary(error)}")
        result.update(status="failed", stage=crash.stage, error=crash.as_data(), output_shape=None)
    result["notes"] = notes.as_list()
    return result
