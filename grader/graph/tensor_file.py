"""Checks a safetensors file against the specs before anything loads it.

Format: https://github.com/huggingface/safetensors#format (8 bytes little-endian header length, JSON header, data).
"""

import math
from collections.abc import Mapping

from safetensors import SafetensorError, deserialize

from grader.errors import SubmissionError
from grader.graph.element_types import SAFETENSORS
from grader.graph.strict_json import read_json
from grader.model.graph import TensorSpec

MAX_TENSOR_BYTES = 64 * 2**20
_MAX_HEADER_BYTES = 2**20


def check_tensor_file(data: bytes, specs: Mapping[str, TensorSpec]) -> None:
    """Every tensor of `specs`, and no other, with its shape and type, the data without gaps. Raises SubmissionError.

    What passes is what the library reads as well, which is stricter about numbers ("-0", "1.0") and laxer about gaps.
    """
    if len(data) > MAX_TENSOR_BYTES:
        raise SubmissionError(f"The model's buffers and constants take {len(data)} bytes; at most {MAX_TENSOR_BYTES}.")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise SubmissionError("The sandbox wrote a tensor file with a damaged header.")
    header = read_json(data[8 : 8 + length], "tensor header", max_bytes=_MAX_HEADER_BYTES)
    if not isinstance(header, dict):
        raise SubmissionError("The sandbox wrote a tensor file with a damaged header.")
    if header.keys() != specs.keys():
        raise SubmissionError("The tensor file does not hold the buffers and constants that the graph names.")
    spans = sorted(_span(header[name], name, spec) for name, spec in specs.items())
    end = 0
    for start, stop in spans:
        if start != end:
            raise SubmissionError("The tensor file has gaps or overlapping tensors.")
        end = stop
    if end != len(data) - 8 - length:
        raise SubmissionError("The tensor file is longer or shorter than its header says.")
    try:
        tensors = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise SubmissionError("The sandbox wrote a tensor file with a damaged header.") from error
    for name, tensor in tensors:
        if specs[name].dtype == "bool" and tensor["data"].strip(b"\0\1"):
            raise SubmissionError(f"The tensor file stores truth values in {name} that are neither true nor false.")


def _span(entry: object, name: str, spec: TensorSpec) -> tuple[int, int]:
    stored, size = SAFETENSORS[spec.dtype]
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise SubmissionError(f"The tensor file describes {name} in an unknown way.")
    offsets = entry["data_offsets"]
    if entry["dtype"] != stored or entry["shape"] != list(spec.shape):
        raise SubmissionError(f"The tensor file stores {name} with another shape or type than the graph says.")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(offset) is int for offset in offsets):
        raise SubmissionError(f"The tensor file has no place for {name}.")
    if offsets[0] < 0 or offsets[1] - offsets[0] != math.prod(spec.shape) * size:
        raise SubmissionError(f"The tensor file stores {name} in the wrong number of bytes.")
    return offsets[0], offsets[1]
