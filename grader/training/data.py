"""The data sets, verified by the checksum of their content, as plain tensors."""

import gzip
import hashlib
import urllib.error
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from grader.errors import DataError
from grader.training.data_folder import folder_of
from grader.training.digits import load_digits
from grader.training.idx import parse_idx

# Sha256 of each file's content after decompression.
MNIST_DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_LARGEST_FILE = 64 * 2**20  # bytes; the largest real one has 47 MB
_FETCH = "Run `grader data fetch`, or name a folder that holds the four IDX files with --data-dir or GRADER_DATA_DIR."


@dataclass(frozen=True)
class Dataset:
    """Images (N, 28, 28) uint8, 0 is black; labels (N,) int64. `digest` is the sha256 over all of it."""

    name: str
    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    digest: str


def load(dataset: str, data_dir: Path | None = None) -> Dataset:
    """The data set "mnist", looked for in `data_dir`, GRADER_DATA_DIR or the user's cache, or "digits", bundled.

    Raises DataError when files are missing, damaged or not the real ones.
    """
    if dataset == "digits":
        return _dataset("digits", *load_digits())
    if dataset != "mnist":
        raise DataError(f"There is no data set {dataset!r}; known are mnist and digits.")
    folder = folder_of(data_dir)
    arrays = [_read(folder, name) for name in MNIST_DIGESTS]
    return _dataset("mnist", *arrays)


def fetch(data_dir: Path | None = None) -> Path:
    """Download MNIST with torchvision's downloader from its mirrors, verify it, and return the folder.

    Raises DataError when no mirror answers or what came is not MNIST.
    """
    from torchvision.datasets import MNIST

    folder = folder_of(data_dir)
    try:
        MNIST(str(folder), download=True)
    except (RuntimeError, urllib.error.URLError) as problem:
        reason = str(problem).strip().splitlines()[-1]
        raise DataError(
            f"MNIST could not be downloaded: {reason}",
            mend="Get the four IDX files on a machine with network access and name their folder with --data-dir.",
        ) from None
    except OSError as problem:
        raise DataError(f"MNIST could not be written to {folder}: {problem.strerror or problem}.") from None
    load("mnist", folder)
    return folder


def _dataset(name: str, *arrays: NDArray[np.uint8]) -> Dataset:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(array.tobytes())
    train_images, train_labels, test_images, test_labels = (torch.from_numpy(array.copy()) for array in arrays)
    return Dataset(name, train_images, train_labels.long(), test_images, test_labels.long(), digest.hexdigest())


def _read(folder: Path, name: str) -> NDArray[np.uint8]:
    file = _locate(folder, name)
    content = _content(file)
    if hashlib.sha256(content).hexdigest() != MNIST_DIGESTS[name]:
        raise DataError(f"{file} has the wrong checksum: it is not MNIST's {name}, or it is damaged.", mend=_FETCH)
    return parse_idx(content, str(file))


def _locate(folder: Path, name: str) -> Path:
    """The file in the folder itself or in one of torchvision's subfolders, raw before compressed."""
    for place in (folder, folder / "MNIST" / "raw", folder / "raw"):
        for candidate in (place / name, place / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    raise DataError(f"MNIST is not in {folder}: {name} is missing.", mend=_FETCH)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as plain, gzip.open(plain) if file.suffix == ".gz" else plain as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise DataError(f"{file} is damaged: {problem}.", mend=_FETCH) from None
    except OSError as problem:
        raise DataError(f"{file} can't be read: {problem.strerror or problem}.", mend=_FETCH) from None
    if len(content) > _LARGEST_FILE:
        raise DataError(f"{file} is too large to be MNIST's.", mend=_FETCH)
    return content
