"""IDX, the format of the MNIST files: http://yann.lecun.com/exdb/mnist/."""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from grader.errors import DataError

_UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file's content. Raises DataError naming the file."""
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError(f"{name} is not an IDX file.")
    kind, dimensions = content[2], content[3]
    header = 4 + 4 * dimensions
    if kind != _UNSIGNED_BYTE or not 1 <= dimensions <= 3 or len(content) < header:
        raise DataError(f"{name} is not an IDX file of unsigned bytes.")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    if len(content) - header != math.prod(shape):
        raise DataError(f"{name} holds {len(content) - header} values; its header says {math.prod(shape)}.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
