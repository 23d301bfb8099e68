"""Artifacts that are not what they should be."""

import io
import json
import zipfile
from typing import Any


def packed(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def rewritten(archive: bytes, **changes: Any) -> bytes:
    """An artifact whose report says something else."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        report = json.loads(opened.read("report.json")) | changes
    return packed({"report.json": json.dumps(report).encode()})


def bomb(size: int = 64 * 2**20) -> bytes:
    """A small archive with a large report.json."""
    return packed({"report.json": b" " * size})


def understated(archive: bytes) -> bytes:
    """The same archive, which says in all its headers that its file has 10 bytes."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        size = opened.infolist()[0].file_size.to_bytes(4, "little")
    return archive.replace(size, (10).to_bytes(4, "little"))
