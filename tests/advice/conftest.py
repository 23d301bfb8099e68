"""Makes the helpers beside the tests importable: advice_nets, asking."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))

from asking import asked, export

from grader.analysis.measure import measure
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.outcome import Change


@pytest.fixture
def export_model() -> Callable[[nn.Module], Export]:
    return export


@pytest.fixture
def measured() -> Callable[[nn.Module], Facts]:
    """measured(model) -> Facts"""
    return lambda model: measure(export(model))


@pytest.fixture
def ask() -> Callable[..., tuple[Change, ...]]:
    """ask(model, check, …parameters, others=(), made_at={}): the changes that are proposed for one failed criterion."""
    return asked


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
