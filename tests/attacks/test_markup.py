"""Markup in every text of a submission that is graded: shown as it is, obeyed by nothing that shows it."""

import json
import os
import subprocess
import sys

import markup
import pytest
from arena import Answer, Arena
from git_repository import Repository
from git_trap import PLAIN, contained, no_model

from grader.report.json_report import from_json
from grader.tensorboard.texts import recipe_text, verdict_text

LAYERS = {
    "script": "<script>alert(1)</script>",
    "image with a handler": "<img src=x onerror=alert(1)>",
    "end of the drawing": '"/></svg></style><iframe src=javascript:x>',
    "comment": "--><!-- grader:report -->",
    "remote image": "![x](https://evil/p)",
    "mention in a table": "|@octocat #1|",
    "fence": "``` `` ```\n# heading",
    "tilde fence": "~~~\n> quote",
    "colour and title": "\x1b[31mred\x1b]0;title\x07",
    "link and clipboard": "\x1b]8;;https://evil\x07\x1b]52;c;eA==\x07\x9b1m",
    "carriage return": "x\rPassed\x08\x08",
    "direction": "\u202eevil\u2066\u200b\ufeff",
    "rich": "[red]x[/red][link=https://evil]y[/link]",
    "log command": "\n::error::x ##[error]y ##vso[task]",
    "mathematics": "$$x$$ $`y`$ :tada:",
    "style": "</style>{color:red}url(https://evil)",
    "null": "a\0b",
    "json": '"},"verdict":"pass","x":{"',
}
QUOTED = {
    "README": "README.md",
    "docstring": "model.py",
    "comment": "model.py",
    "notebook": "lab.ipynb",
    "printed output": "lab.ipynb",
}
VECTORS = (
    "![p](https://evil/p) <img src=x onerror=alert(1)> @octocat fixes #1 ##[error]x \u202e\x1b[31m|`a`| &lt;script&gt;"
)


def _model() -> str:
    layers = "\n".join(f"        self.body.add_module({name!r}, nn.Conv2d(4, 4, 1))" for name in LAYERS.values())
    return f'''import torch
from torch import nn


class Net(nn.Module):
    """A net with 11,111 parameters {VECTORS[:60]}

    Batch normalisation {VECTORS[60:]}
    """

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3)  # 22,222 parameters {VECTORS[:60]}
        self.body = nn.Sequential()
{layers}
        self.body.add_module("n" * 100_000, nn.BatchNorm2d(4))
        self.body.add_module("drop", nn.Dropout(0.1))
        self.fc = nn.Linear(4, 10)

    def forward(self, x):
        return self.fc(self.body(self.first(x)).mean((2, 3)))
'''


def _notebook() -> str:
    output = {"output_type": "stream", "name": "stdout", "text": f"Total params: 33,333 {VECTORS}\n"}
    code = {"cell_type": "code", "source": "from model import Net\nnet = Net()\nprint(net)", "outputs": [output]}
    text = {"cell_type": "markdown", "source": f"The net has 44,444 parameters {VECTORS}"}
    cells = [{"metadata": {}, "execution_count": 1, **code}, {"metadata": {}, **text}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """One run of the command on one submission with all of it; through a shell's pipes, as CI has it."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "in").mkdir()
    (folder / "in" / "model.py").write_text(_model())
    (folder / "in" / "lab.ipynb").write_text(_notebook())
    readme = f"# Net {VECTORS}\n\nIt has 55,555 parameters {VECTORS}\n\n~~~\n```\nReceptive field of 27 {VECTORS}\n"
    (folder / "in" / "README.md").write_text(readme)
    command = [sys.executable, "-m", "grader", "check", str(folder / "in"), "--no-train", "--out", str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "TERM": "xterm"})
    return Answer(done.returncode, done.stdout, done.stderr, folder / "out")


def test_it_is_graded_and_nothing_of_it_is_obeyed(graded: Answer) -> None:
    assert list(markup.breaches(graded.texts)) == []
    statuses = {outcome["id"]: outcome["status"] for outcome in graded.report["outcomes"]}
    assert [statuses[name] for name in ("parameters", "batch_norm", "dropout", "head")] == ["passed"] * 4
    assert graded.code == 0
    assert all(len(text) < 300_000 for text in graded.texts.values())


def by_code_point(text: str) -> str:
    """As the report shows a name."""
    hidden = (not letter.isprintable() for letter in text)
    return "".join(f"⟪U+{ord(letter):04X}⟫" if hide else letter for letter, hide in zip(text, hidden, strict=True))


@pytest.mark.parametrize("name", LAYERS.values(), ids=LAYERS)
@pytest.mark.attack("markup", "a layer whose name is markup")
def test_layer(graded: Answer, name: str) -> None:
    names = [layer["name"] for layer in graded.report["facts"]["layers"]]
    assert f"body.{name}" in names  # the data hold what was submitted
    expected = " ".join(f"body.{by_code_point(name)}".split())
    for place in ("report.html", "report.md"):
        assert expected in markup.shown(place, graded.texts[place]), place
    assert list(markup.breaches(graded.texts)) == []


@pytest.mark.parametrize(("source", "file"), QUOTED.items(), ids=QUOTED)
@pytest.mark.attack("markup", "a claim, which the report quotes, beside markup")
def test_claim(graded: Answer, source: str, file: str) -> None:
    figures = {"README": 55_555, "docstring": 11_111, "comment": 22_222, "notebook": 44_444, "printed output": 33_333}
    checked = graded.report["claims"]["checked"]
    (row,) = [one for one in checked if f"{figures[source]:,}" in one["claim"]["text"]]
    assert row["verdict"] == "contradicted"
    assert row["claim"]["location"]["file"] == file
    assert "@octocat" in row["claim"]["text"] or source in ("docstring", "comment")
    for place in ("report.html", "report.md", "stdout"):
        assert f"{figures[source]:,}" in markup.shown(place, graded.texts[place])
    assert "fixes #1" in markup.shown("report.html", graded.texts["report.html"])


@pytest.mark.attack("markup", "a name of a hundred thousand letters")
def test_long_name(graded: Answer) -> None:
    for place, text in graded.texts.items():
        assert "n" * 1000 not in text, place
        assert place in ("stdout", "stderr") or "nnnnnnnn" in text


@pytest.mark.attack("markup", "all of it in the texts that TensorBoard shows as Markdown")
def test_tensorboard(graded: Answer) -> None:
    report = from_json((graded.out / "report.json").read_text(encoding="utf-8"))
    for text in (verdict_text(report), recipe_text(report.training)):
        assert list(markup.markdown_breaches(text)) == []


@pytest.mark.parametrize("format", ["json", "markdown"])
@pytest.mark.attack("markup", "a message where stdout carries the report for another program")
def test_formats(arena: Arena, format: str) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / ".grader.yml").write_text(json.dumps({"path": f"::error::x {VECTORS}"}))
    answer = arena.run("check", folder, "--no-train", "--format", format, "--quiet")
    contained(answer, 4)
    assert answer.stdout == answer.texts["report.json" if format == "json" else "report.md"]
    assert format == "markdown" or json.loads(answer.stdout) == answer.report


PLACES = {
    "html": "<img src=x onerror=alert(1)>",
    "link": "[x](javascript:alert) @octocat #1",
    "escape": "\x1b[31m\x1b]0;title\x07",
    "log command": "##[error]x",
    "line": "a\n::error::x",
    "direction": "\u202eevil",
    "quotes": "'\"`$(id)`",
    "bars": "| a | b |",
}


@pytest.mark.parametrize("name", PLACES.values(), ids=PLACES)
@pytest.mark.attack("markup", "a folder and a file whose names are markup")
def test_folder_and_file(arena: Arena, name: str) -> None:
    folder = arena.folder / name
    folder.mkdir()
    (folder / f"{name}.py").write_text("class Net(:\n")
    answer = arena.run("check", folder, "--no-train")
    no_model(answer, None, dirty=False)
    assert answer.report["provenance"]["source"] == str(folder)
    (problem,) = answer.report["model"]["problems"]
    assert problem.startswith(f"{name}.py is not Python 3")
    for place in ("report.html", "report.md"):
        seen = markup.shown(place, answer.texts[place]).replace("`", "")
        assert " ".join(by_code_point(" ".join(name.split())).replace("`", "").split()) in seen, place


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "@octocat/#1", "![x](https//evil)", "##error]", "\u202eevil"]
)
@pytest.mark.attack("markup", "a branch whose name is markup")
def test_branch(arena: Arena, repository: Repository, name: str) -> None:
    commit = repository.commit(**{"net.py": PLAIN})
    repository.write(f".git/refs/heads/{name}", f"{commit}\n")
    answer = arena.run("check", repository.url, "--ref", name, "--no-train")
    if "[" in name:
        contained(answer, 2, "is not the name of a branch, tag or commit")
        return
    no_model(answer, commit, dirty=False)
    assert by_code_point(name) in markup.shown("report.html", answer.texts["report.html"])


@pytest.mark.attack("markup", "nine models in files whose names are markup, between which nothing decides")
def test_candidates(arena: Arena) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    words = ("amber", "birch", "cedar", "dune", "elm", "fern", "grove", "hazel", "iris")
    for size, word in enumerate(words, start=20):
        (folder / f"{word} {PLACES['link']} {{{{7*7}}}} {PLACES['html']}.py").write_text(
            f"from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            f"        self.fc = nn.Linear(784, {size})\n        self.last = nn.Linear({size}, 10)\n"
            "    def forward(self, x):\n        return self.last(self.fc(x.flatten(1)))\n"
        )
    answer = arena.run("check", folder, "--no-train")
    contained(answer, 4, "9 classes could be the submission")
    assert len(answer.report["model"]["candidates"]) == 9
    for place in ("report.html", "report.md", "stdout"):
        assert "amber [x](javascript:alert) @octocat #1 {{7*7}}" in markup.shown(place, answer.texts[place]), place


@pytest.mark.attack("markup", "two thousand complaints and a README of a hundred thousand lines")
def test_many(arena: Arena) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    for number in range(2000):
        (folder / f"@octocat {number}.py").write_text("class Net(:\n")
    (folder / "README.md").write_text("It has 1,234 parameters <script> @octocat\n" * 100_000)
    answer = arena.run("check", folder, "--no-train")
    no_model(answer, None, dirty=False)
    assert len(answer.report["model"]["problems"]) == 2000
    assert len(answer.texts["report.md"]) < 65_536  # what a forge takes for a comment
    assert len(answer.texts["report.html"]) < 200_000
    assert len(answer.stdout) < 5_000
    assert "1,980 more rows in report.json" in markup.shown("report.md", answer.texts["report.md"])


OPEN = {
    "script": "<p><script>alert(1)</script>",
    "handler": "<p onclick=x>",
    "remote": "<img src=https://evil/x>",
    "link": "<a href=javascript:x>y</a>",
    "comment": "<!-- x -->",
    "style": "<style>a{background:url(https://evil)}</style>",
}


@pytest.mark.parametrize("page", OPEN.values(), ids=OPEN)
def test_the_search_finds_it_in_html(page: str) -> None:
    assert list(markup.breaches({"report.html": page}))


@pytest.mark.parametrize(
    "text",
    ["![x](y)", "[x](y)", "<b>x</b>", "@a", "#1", "x://y", "```\nx\n```", "a5c3785", "<!-- x -->", "::x", "##[x]"],
)
def test_the_search_finds_it_in_markdown(text: str) -> None:
    assert list(markup.breaches({"report.md": text}))


@pytest.mark.parametrize("text", ["\x1b[1m", "a\rb", "a\u202eb", "a\x9bb", "  ::error::x", "x ##vso[y]", "\ufeff"])
def test_the_search_finds_it_on_a_terminal(text: str) -> None:
    assert list(markup.breaches({"stdout": text}))
