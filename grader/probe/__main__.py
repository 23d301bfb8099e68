"""`python -m grader.probe REQUEST_FILE OUTPUT_FOLDER`: the only program that runs student code."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from grader.probe.failure import ProbeError
from grader.probe.notes import Notes


def main(request_file: str, output_folder: str) -> int:
    """Write result.json, and where the export worked graphs.json and tensors.safetensors."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch is imported: a GPU is never seen here
    request = json.loads(Path(request_file).read_bytes())
    folder = Path(output_folder)
    notes = Notes()
    result: dict[str, Any] = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None}
    try:
        from grader.probe.run import run

        result["output_shape"] = list(run(request, folder, notes))
    except ProbeError as failure:
        result.update(status="failed", stage=failure.stage, error=failure.as_data(), output_shape=None)
    result["notes"] = notes.as_list()
    (folder / "result.json").write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
