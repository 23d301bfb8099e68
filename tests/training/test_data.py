"""Data sets: IDX files in all their forms, damaged ones, and the bundled digits."""

import gzip
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.errors import DataError
from grader.training import data
from grader.training.digits import enlarge
from grader.training.idx import parse_idx

Write = Callable[..., Path]


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A tiny data set in MNIST's form; its digests stand in for the real ones."""
    drawing = np.random.default_rng(0)
    contents = {}
    for part, count in (("train", 6), ("t10k", 4)):
        images = drawing.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        contents[f"{part}-images-idx3-ubyte"] = idx(images)
        contents[f"{part}-labels-idx1-ubyte"] = idx(np.arange(count, dtype=np.uint8))
    digests = {name: hashlib.sha256(contents[name]).hexdigest() for name in data.MNIST_DIGESTS}
    monkeypatch.setattr(data, "MNIST_DIGESTS", digests)
    return contents


@pytest.mark.parametrize("place", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("compressed", [True, False])
def test_idx_files_are_found_raw_or_compressed(
    tmp_path: Path, files: dict[str, bytes], place: str, compressed: bool
) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{'.gz' * compressed}").write_bytes(gzip.compress(content) if compressed else content)
    dataset = data.load("mnist", tmp_path)
    assert dataset.train_images.shape == (6, 28, 28)
    assert dataset.train_images.dtype == torch.uint8
    assert dataset.test_labels.tolist() == [0, 1, 2, 3]
    assert dataset.train_images.numpy().tobytes() == files["train-images-idx3-ubyte"][16:]


def test_the_folder_comes_from_option_environment_or_cache(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA_DIR", raising=False)
    with pytest.raises(DataError, match="cache/grader"):
        data.load("mnist")
    monkeypatch.setenv("GRADER_DATA_DIR", str(tmp_path))
    assert len(data.load("mnist").train_labels) == 6


def test_missing_files_name_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train-images-idx3-ubyte is missing") as caught:
        data.load("mnist", tmp_path)
    assert "grader data fetch" in caught.value.mend


def test_another_content_has_the_wrong_checksum(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    changed = bytearray(files["t10k-labels-idx1-ubyte"])
    changed[-1] ^= 1
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(changed)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte has the wrong checksum"):
        data.load("mnist", tmp_path)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: packed[:30] + b"x" * 40, lambda _: b""])
def test_a_damaged_archive_is_named(tmp_path: Path, files: dict[str, bytes], damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(damage(gzip.compress(files["train-images-idx3-ubyte"])))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz (is damaged|has the wrong checksum)"):
        data.load("mnist", tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb", compresslevel=1) as archive:
        for _ in range(80):
            archive.write(bytes(2**20))
    with pytest.raises(DataError, match="too large"):
        data.load("mnist", tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\1\0\x08\1\0\0\0\0",
        b"\0\0\x0d\1\0\0\0\0",
        b"\0\0\x08\x04" + bytes(16),
        b"\0\0\x08\x03\0\0\0\2",
        b"\0\0\x08\x01\0\0\0\2A",
        b"\0\0\x08\x01\xff\xff\xff\xffA",
    ],
)
def test_what_is_not_idx_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="labels"):
        parse_idx(content, "labels")


def test_an_unknown_data_set() -> None:
    with pytest.raises(DataError, match="cifar"):
        data.load("cifar")


@pytest.fixture
def mirror(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a mirror on this machine, in place of torchvision's."""
    from torchvision.datasets import MNIST

    folder = tmp_path / "mirror"
    folder.mkdir()
    resources = []
    for name, content in files.items():
        packed = gzip.compress(content, mtime=0)
        (folder / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        monkeypatch.setattr(MNIST, "resources", resources)
        yield folder
        server.shutdown()
        thread.join()


def test_fetch_downloads_and_verifies(tmp_path: Path, mirror: Path) -> None:
    assert data.fetch(tmp_path / "data") == tmp_path / "data"
    assert len(data.load("mnist", tmp_path / "data").train_labels) == 6


def test_fetch_without_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import MNIST

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{unused.getsockname()[1]}/"])
        check_fetch_fails(tmp_path)


def check_fetch_fails(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MNIST could not be downloaded") as caught:
        data.fetch(tmp_path / "data")
    assert "\n" not in caught.value.message
    assert "--data-dir" in caught.value.mend


def test_the_digits_are_the_same_everywhere() -> None:
    dataset = data.load("digits")
    assert dataset.train_images.shape == (1437, 28, 28)
    assert dataset.test_images.shape == (360, 28, 28)
    assert dataset.digest == "c8f83bdd078e9d44b21f34dd1c30a929528f3645d93acdd3230c3cc9e6f415af"
    assert dataset.test_labels.bincount().tolist() == [36, 36, 36, 36, 37, 36, 36, 36, 35, 36]


def test_enlarging_is_bilinear() -> None:
    images = np.random.default_rng(0).integers(0, 17, (5, 8, 8))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(images)[None].double(), (28, 28), mode="bilinear", align_corners=False
    )[0]
    difference = torch.from_numpy(enlarge(images)).double() - expected * 255 / 16
    assert difference.abs().max() <= 0.5 + 1e-9
    assert set(enlarge(np.full((1, 8, 8), 16)).ravel()) == {255}
