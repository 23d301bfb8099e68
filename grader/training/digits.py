"""The offline data set: 1,797 real handwritten digits that scikit-learn carries, scaled from 8×8 to 28×28.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998).
"""

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader.errors import DataError

_SIZE, _BRIGHTEST = 8, 16
_TARGET = 28
TEST_IMAGES, TRAIN_IMAGES = 360, 1437


def load_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Train images (1437, 28, 28), train labels, test images (360, 28, 28), test labels.

    The split is stratified and fixed: of the images ordered by class, every fifth is a test image.
    """
    table = _table()
    images = enlarge(table[:, :-1].reshape(-1, _SIZE, _SIZE))
    labels = table[:, -1].astype(np.uint8)
    order = np.argsort(labels, kind="stable")
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[order[::5]] = True
    return images[~is_test], labels[~is_test], images[is_test], labels[is_test]


def _table() -> NDArray[np.int64]:
    """(1797, 65): 64 pixels and the class, from scikit-learn's file.

    Read without importing scikit-learn, which takes longer than an epoch. Raises DataError when it is not there.
    """
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("The digits are not there: scikit-learn is not installed.", mend="pip install scikit-learn")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        with gzip.open(file, "rt", encoding="ascii") as lines:
            return np.loadtxt(lines, delimiter=",").astype(np.int64)
    except (OSError, EOFError, ValueError, zlib.error) as problem:
        raise DataError(f"{file} can't be read: {problem}.", mend="Install scikit-learn again.") from None


def enlarge(images: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(N, 8, 8) with values 0 to 16 → (N, 28, 28) with values 0 to 255, bilinear.

    In whole numbers, so that every machine gets the same bytes.
    """
    weights = _weights()
    unit = int(weights[0].sum()) ** 2 * _BRIGHTEST
    total = np.einsum("yi,nij,xj->nyx", weights, images, weights) * 255
    enlarged: NDArray[np.uint8] = ((total + unit // 2) // unit).astype(np.uint8)
    return enlarged


def _weights() -> NDArray[np.int64]:
    """(28, 8): the share of each source row in each target row, in 14ths; the edges repeat.

    Target row i lies at source position (i + ½) · 8/28 - ½ = (4i - 5) / 14.
    """
    weights = np.zeros((_TARGET, _SIZE), dtype=np.int64)
    for row in range(_TARGET):
        below, share = divmod(4 * row - 5, 14)
        weights[row, min(max(below, 0), _SIZE - 1)] += 14 - share
        weights[row, min(max(below + 1, 0), _SIZE - 1)] += share
    return weights
