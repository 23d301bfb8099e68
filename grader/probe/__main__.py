"""`python -m grader.probe REQUEST_FILE OUTPUT_FOLDER`: the only program that runs student code."""

import gc
import json
import os
import sys
from pathlib import Path


def main(request_file: str, output_folder: str) -> int:
    """Write result.json, and where the export worked graphs.json and tensors.safetensors.

    A request with "slices" in place of "slice" asks for the shapes of several models: shapes.json.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch is imported: a GPU is never seen here
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "2")  # one thread per core would meet the limit on processes
    gc.set_threshold(100_000, 20, 100)  # importing torch and tracing leave little garbage: a tenth of the time saved
    request = json.loads(Path(request_file).read_bytes())
    folder = Path(output_folder)
    if "slices" in request:
        from grader.probe.several import run_several

        return run_several(request, folder)
    from grader.probe.single import result_of

    result = result_of(request, folder)
    (folder / "result.json").write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
