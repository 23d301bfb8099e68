"""What can be said without Ray."""

import sys

import pytest

from grader.batch.run.ray_executor import RayExecutor
from grader.errors import UsageError


def test_without_ray_there_is_a_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"Ray is not installed\. pip install 'graph-grader\[ray\]'"):
        RayExecutor()
