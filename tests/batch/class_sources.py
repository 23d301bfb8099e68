"""Submissions made from the reference models: the same work in other forms, with other widths, with one thing wrong."""

import json
import re
from pathlib import Path

Files = dict[str, str | bytes]

ROOT = Path(__file__).resolve().parents[2]
CLASSES = {  # key of the reference model -> its class
    "dsconv_se": "DsConvSe",
    "final": "Final",
    "minimal": "Minimal",
    "optimized": "Optimized",
    "regularized": "Regularized",
    "two_fc": "TwoFc",
    "one_epoch": "OneEpoch",
    "demo": "DigitNet",
}
_NAMES = {
    "block": "conv_unit",
    "channels_in": "n_before",
    "channels_out": "n_after",
    "features": "backbone",
    "classifier": "to_digits",
    "images": "pixels",
    "maps": "activations",
    "pool": "average",
    "dropout": "p_drop",
}


def model_text(key: str) -> str:
    """The source of a reference model."""
    return (ROOT / "reference_models" / key / "model.py").read_text(encoding="utf-8")


def training_text(key: str) -> str:
    """A training script for a reference model, in a file beside model.py."""
    text = (ROOT / "reference_models" / "demo" / "train.py").read_text(encoding="utf-8")
    return text.replace("DigitNet(dropout=0.05)", "DigitNet()").replace("DigitNet", CLASSES[key])


def with_spare_layer(text: str) -> str:
    """20,100 parameters more, in a layer that is never used."""
    head, call, tail = text.rpartition("super().__init__()\n")
    return f"{head}{call}        self.spare = nn.Linear(200, 100)\n{tail}"


def without_dropout(text: str) -> str:
    """Every dropout does nothing."""
    return re.sub(r"nn\.Dropout(?:2d)?\([^)]*\)", "nn.Identity()", text)


def without_norm(text: str) -> str:
    """Every batch normalization does nothing."""
    return re.sub(r"nn\.BatchNorm2d\([^)]*\)", "nn.Identity()", text)


def with_nine_outputs(text: str) -> str:
    """One digit short."""
    return re.sub(r"(nn\.(?:Linear|Conv2d)\(\w+, )10\b", r"\g<1>9", text)


def for_colour(text: str) -> str:
    """A first layer that wants three channels."""
    return re.sub(r"(block\(|nn\.Conv2d\()1, ", r"\g<1>3, ", text, count=1)


def renamed(text: str) -> str:
    """The same work under other names, without its comments, as somebody hands it in who copied it."""
    bare = re.sub(r'""".*?"""\n', '""""""\n', re.sub(r"  #.*", "", text), flags=re.DOTALL)
    for before, after in _NAMES.items():
        bare = re.sub(rf"\b{before}\b", after, bare)
    bare = re.sub(r"class (\w+)\(nn\.Module\)", r"class My\1(nn.Module)", bare)
    return re.sub(r"\b(SeparableConvolution|SqueezeExcitation)\(", r"My\1(", bare).replace("MyMy", "My")


def notebook(*cells: str) -> str:
    """A notebook of code cells that ran in their order."""
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell, "execution_count": number}
        for number, cell in enumerate(cells, 1)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def as_notebook(key: str) -> str:
    """A reference model and its training in one notebook, cut where the blocks of its source begin."""
    blocks = re.split(r"\n\n\n", model_text(key).partition('"""\n\n')[2])
    training = training_text(key).replace(f"\nfrom model import {CLASSES[key]}\n", "")
    return notebook(*blocks, training)


def regularized(width: int) -> str:
    """`regularized` with another width before the end; at most 28 is below 20,000 parameters."""
    text = model_text("regularized")
    return text.replace("block(24, 28,", f"block(24, {width},").replace("nn.Conv2d(28, 10", f"nn.Conv2d({width}, 10")


def optimized(width: int) -> str:
    """`optimized` with another width in its widest block, where it has 32."""
    text = model_text("optimized")
    return text.replace("block(16, 32, size=3)", f"block(16, {width}, size=3)").replace(
        "block(32, 16, size=1)", f"block({width}, 16, size=1)"
    )


def separable(width: int) -> str:
    """`dsconv_se` with another width at the end, where it has 96."""
    text = model_text("dsconv_se").replace("SeparableConvolution(64, 96,", f"SeparableConvolution(64, {width},")
    return text.replace("SqueezeExcitation(96,", f"SqueezeExcitation({width},").replace(
        "nn.Linear(96, 10)", f"nn.Linear({width}, 10)"
    )


def minimal_with_dropout(width: int) -> str:
    """`minimal` mended: with a dropout, and another width before the end, where it has 24."""
    text = model_text("minimal").replace("block(20, 24,", f"block(20, {width},")
    text = text.replace("nn.Conv2d(24, 10,", f"nn.Conv2d({width}, 10,")
    return text.replace("nn.MaxPool2d(2),  # 14 -> 7", "nn.MaxPool2d(2),\n            nn.Dropout(0.05),")


def demo(rate: float) -> str:
    """`demo` with another rate of dropout."""
    return model_text("demo").replace("dropout: float = 0.05", f"dropout: float = {rate}")
