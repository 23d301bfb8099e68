"""A 28×28 grey picture as a PNG data URI, by the standard library alone."""

import base64
import binascii
import struct
import zlib

SIDE = 28


def picture(image: str) -> str | None:
    """The data URI of `Mistake.image` (base64 of 784 bytes, row-major, 0 is black); None when it is not that."""
    try:
        pixels = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(pixels) != SIDE * SIDE:
        return None
    return "data:image/png;base64," + base64.b64encode(png(pixels, SIDE, SIDE)).decode()


def png(pixels: bytes, width: int, height: int) -> bytes:
    """An 8-bit grey PNG (PNG specification, W3C). Stored, not compressed: the same bytes with every zlib."""
    if len(pixels) != width * height:
        raise ValueError(f"{len(pixels)} bytes are not {width}×{height} pixels")
    rows = b"".join(b"\x00" + pixels[start : start + width] for start in range(0, len(pixels), width))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream of one stored block (RFC 1951, 3.2.4), which holds 65,535 bytes at most."""
    if len(data) > 0xFFFF:
        raise ValueError("a stored block holds 65,535 bytes at most")
    block = b"\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data
    return b"\x78\x01" + block + struct.pack(">I", zlib.adler32(data))
