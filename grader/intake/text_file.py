"""Bytes of a text file to text: UTF-8, UTF-16 with or without its mark, Latin-1; what is not text is said to be so."""

import codecs
from pathlib import Path

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 4096
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\0")
MEGABYTE = 2**20


def read_text(path: Path, file: str, limit: int) -> tuple[str | None, tuple[str, ...]]:
    """The text of the first `limit` bytes at `path`, which the report calls `file`, and notes of one sentence each.

    None where the file can't be read or is not text. Line ends are made "\\n".
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            data = stream.read(limit)
    except OSError as error:
        return None, (f"{file} can't be read: {error.strerror or error}.",)
    if data.startswith(b"version https://git-lfs"):
        return None, (f"{file} is a Git LFS pointer; its content is not part of the repository.",)
    text = decode(data, cut=size > limit)
    if text is None:
        return None, (f"{file} is not text and was not read.",)
    if size > limit:
        return text, (f"{file} has {size / MEGABYTE:.1f} MB; the first {limit / MEGABYTE:g} MB were read.",)
    return text, ()


def decode(data: bytes, *, cut: bool = False) -> str | None:
    """The text, with "\\n" line ends and without NUL; None for what is not text.

    `cut`: the last character may be cut in two.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _clean(data.decode(encoding, errors="replace"))
    wide = _unmarked_utf16(data[:SAMPLE])
    if wide:
        return _clean(data.decode(wide, errors="replace"))
    if _is_binary(data[:SAMPLE]):
        return None
    try:
        return _clean(codecs.getincrementaldecoder("utf-8")("strict").decode(data, final=not cut))
    except UnicodeDecodeError:
        lenient = data.decode("utf-8", errors="replace")
    wrong = lenient.count("\ufffd")
    right = sum(character > "\x7f" for character in lenient) - wrong
    return _clean(lenient if right > wrong else data.decode("cp1252", errors="replace"))


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark shows as Latin text with every other byte NUL."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    most, half = max(even, odd), len(sample) // 2
    if half < 4 or most < 0.6 * half or min(even, odd) > 0.1 * half:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_binary(sample: bytes) -> bool:
    strange = sum(sample.count(code) for code in CONTROLS) + sample.count(0)
    return bool(sample) and strange > 0.05 * len(sample)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ").removeprefix("\ufeff")
