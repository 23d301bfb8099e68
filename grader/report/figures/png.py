"""PNG pictures as data URIs, by the standard library alone."""

import base64
import struct
import zlib
from dataclasses import dataclass

_COLOUR_TYPES = {1: 0, 4: 6}  # bytes per pixel -> grey, red-green-blue-alpha
_LARGEST_BLOCK = 0xFFFF


@dataclass(frozen=True)
class Picture:
    """Rows of pixels from the top, each of one byte (grey) or four (red, green, blue, alpha)."""

    width: int
    height: int
    pixels: bytes

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(png(self.pixels, self.width, self.height)).decode()


def png(pixels: bytes, width: int, height: int) -> bytes:
    """An 8-bit PNG (PNG specification, W3C). Stored, not compressed: the same bytes with every zlib."""
    depth = len(pixels) // max(width * height, 1)
    if depth not in _COLOUR_TYPES or len(pixels) != width * height * depth:
        raise ValueError(f"{len(pixels)} bytes are not {width}×{height} pixels")
    stride = width * depth
    rows = b"".join(b"\x00" + pixels[start : start + stride] for start in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[depth], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream of stored blocks (RFC 1951, 3.2.4)."""
    starts = range(0, len(data), _LARGEST_BLOCK)
    blocks = b"".join(_block(data[start : start + _LARGEST_BLOCK], start == starts[-1]) for start in starts)
    return b"\x78\x01" + blocks + struct.pack(">I", zlib.adler32(data))


def _block(data: bytes, last: bool) -> bytes:
    return bytes([last]) + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data
