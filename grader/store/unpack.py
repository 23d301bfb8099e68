"""Compressed rows, unpacked within a bound."""

import zlib

_MOST_BYTES = 256 * 2**20  # of a report's JSON


def unpacked(content: bytes) -> bytes:
    """What a row holds. Raises ValueError or zlib.error where it is damaged, cut off or too large."""
    stream = zlib.decompressobj()
    text = stream.decompress(content, _MOST_BYTES)
    if not stream.eof or stream.unused_data:
        raise ValueError("it is cut off, or too large")
    return text
