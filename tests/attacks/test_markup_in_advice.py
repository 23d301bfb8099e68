"""Markup in what advice quotes: the lines of a submission that fails, and the names of the layers it would change."""

import os
import subprocess
import sys

import markup
import pytest
from arena import Answer

VECTORS = "![p](https://evil/p) <img src=x onerror=alert(1)> @octocat fixes #1 ##[error]x \u202e|`a`|</code></pre>"
NAMES = {
    "script": "<script>alert(1)</script>",
    "backticks": "a`</code>` ![x](https://evil) `",
    "log command": "\n::error::x ##[error]y",
    "direction": "\u202eevil",
    "colour": "\x1b[31mred",
}
LAYERS = "\n".join(
    f"        self.body.add_module({name!r}, nn.Conv2d(40, 40, 3))  # {VECTORS}" for name in NAMES.values()
)
MODEL = f"""from torch import nn


class Net(nn.Module):  # {VECTORS}
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 40, 3)  # {VECTORS}
        self.body = nn.Sequential()
{LAYERS}
        self.last = nn.Linear(40, 10)  # ::error::{VECTORS}

    def forward(self, x):
        x = self.body(self.first(x))  # {VECTORS}
        return self.last(x.amax((2, 3)))  # {VECTORS}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "in").mkdir()
    (folder / "in" / "model.py").write_text(MODEL, encoding="utf-8")
    command = [sys.executable, "-m", "grader", "check", str(folder / "in"), "--no-train", "--out", str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "TERM": "xterm"})
    return Answer(done.returncode, done.stdout, done.stderr, folder / "out")


@pytest.mark.attack("markup", "lines and layer names of a failed submission, which advice quotes")
def test_nothing_that_advice_quotes_is_obeyed(graded: Answer) -> None:
    failed = {one["id"]: one for one in graded.report["outcomes"] if one["status"] == "failed"}
    assert {"parameters", "batch_norm", "dropout"} <= failed.keys()
    assert all(one["changes"] and one["lines"] and one["why"] for one in failed.values() if one["id"] in (
        "parameters", "batch_norm", "dropout"
    ))  # fmt: skip
    assert any("@octocat" in line["text"] for line in failed["parameters"]["lines"])  # the data hold what was written
    assert list(markup.breaches(graded.texts)) == []
    for place in ("report.html", "report.md"):
        assert "fixes #1" in markup.shown(place, graded.texts[place])
    assert graded.code == 1
