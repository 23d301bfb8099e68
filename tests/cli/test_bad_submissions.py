"""Submissions that can't be graded: one clear sentence, exit code 4 or 5, a report, nothing left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

HEADER = "import os\nimport torch\nfrom torch import nn\n\n\n"

BODY = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {constructor}
        self.conv = nn.Conv2d({channels}, 8, 3)
        self.fc = nn.Linear(8, {outputs})

    def forward(self, x):
        x = self.conv(x)
        {forward}
        return self.fc(x.mean((2, 3)))
"""


def net(constructor: str = "pass", forward: str = "pass", channels: int = 1, outputs: int = 10) -> str:
    return HEADER + BODY.format(constructor=constructor, forward=forward, channels=channels, outputs=outputs)


CASES = {
    "constructor raises": (net(constructor="raise ValueError('no weights today')"), 4, ["no weights today", "Net"]),
    "constructor loops for ever": (net(constructor="while True: pass"), 4, ["did not end", "Net"]),
    "allocates 100 GB": (net(constructor="self.big = torch.ones(25_000_000_000)"), 4, ["memory"]),
    "ends the process": (net(constructor="os._exit(0)"), 4, ["ended before the model was built"]),
    "three channels": (net(channels=3), 4, ["channel"]),
    "sixteen outputs": (net(outputs=16), 4, ["16", "10 classes"]),
    "unknown operator": (net(forward="x = x + torch.fft.fft(x).real"), 5, ["fft"]),
    "data-dependent branch": (net(forward="x = x if x.sum() > 0 else -x"), 5, ["export"]),
}


@pytest.mark.parametrize("case", CASES)
def test_says_what_is_wrong(case: str, grader: Callable, submission: Write) -> None:
    source, code, words = CASES[case]
    patience = ("--build-timeout", "10") if "for ever" in case else ()
    answer = grader("check", submission({"model.py": source}), "--no-train", *patience)
    assert answer.code == code, answer.stdout + answer.stderr
    report = answer.report
    for word in words:
        assert word in report["summary"]
    assert report["verdict"] == "inconclusive"
    assert report["gradable"] is (code == 5)
    assert report["score"]["points"] == 0
    assert (answer.out / "report.html").stat().st_size > 1000
    assert (answer.out / "report.md").read_text().strip()


def test_names_the_line_of_a_failing_forward(grader: Callable, submission: Write) -> None:
    source = net(forward="x = x.no_such_method()")
    answer = grader("check", submission({"model.py": source}), "--no-train")
    line = 1 + source.splitlines().index("        x = x.no_such_method()")
    assert answer.code == 4
    assert answer.report["outcomes"][0]["evidence"] == [{"file": "model.py", "cell": None, "line": line}]


def test_printing_a_gigabyte_is_stopped(grader: Callable, submission: Write) -> None:
    source = net(constructor="[print('x' * 1_000_000) for _ in range(1000)]")
    answer = grader("check", submission({"model.py": source}), "--no-train")
    assert answer.code == 4
    assert "wrote more output" in answer.report["summary"]


def test_a_hard_coded_batch_is_graded_where_it_is_the_recipes(grader: Callable, submission: Write) -> None:
    root = submission({"model.py": net(forward="x = x.view(64, 8, 26, 26)")})
    answer = grader("check", root, "--no-train")  # the house recipe trains with 64 images at a time
    assert answer.code == 1  # gradable: it lacks batch norm and dropout
    assert answer.report["facts"]["parameters"]["total"] == 80 + 90
    assert any("batches of 64 images only" in flag["message"] for flag in answer.report["flags"])


def test_another_hard_coded_batch_is_named_with_its_line(grader: Callable, submission: Write) -> None:
    source = net(forward="x = x.view(50, 8, 26, 26)")
    answer = grader("check", submission({"model.py": source}), "--no-train")
    assert answer.code == 4
    assert "[50, 8, 26, 26]" in answer.report["summary"]
    assert "batch size must not be written into the model" in answer.report["summary"]
    line = 1 + source.splitlines().index("        x = x.view(50, 8, 26, 26)")
    assert answer.report["outcomes"][0]["evidence"][0]["line"] == line


def test_thirteen_nets_that_nothing_decides_between_are_listed_with_how_to_name_one(
    grader: Callable, submission: Write
) -> None:
    body = BODY.format(constructor="pass", forward="pass", channels=1, outputs=10)
    files = {f"net_{letter}.py": HEADER + body.replace("8", str(8 + ord(letter))) for letter in "abcdefghijklm"}
    answer = grader("check", submission(files), "--no-train")
    report = answer.report
    assert answer.code == 4
    assert len(report["model"]["candidates"]) == 13
    assert report["model"]["class"] is None
    assert "13 classes could be the submission" in report["summary"]
    assert "--model" in report["summary"]
    assert "net_a.py:Net@6" in report["summary"]


def test_of_thirteen_definitions_of_a_name_the_last_is_in_force(grader: Callable, submission: Write) -> None:
    body = BODY.format(constructor="pass", forward="pass", channels=1, outputs=10)
    answer = grader("check", submission({"model.py": HEADER + "\n\n".join([body] * 13)}), "--no-train")
    candidates = answer.report["model"]["candidates"]
    assert len(candidates) == 13
    assert answer.report["model"]["line"] == max(candidate["line"] for candidate in candidates)


def test_a_named_line_decides_between_thirteen_nets(grader: Callable, submission: Write) -> None:
    source = HEADER + "\n\n".join(
        BODY.format(constructor="pass", forward="pass", channels=1, outputs=10) for _ in range(13)
    )
    lines = [number for number, text in enumerate(source.splitlines(), 1) if text.startswith("class Net")]
    root = submission({"model.py": source})
    answer = grader("check", root, "--no-train", "--model", f"model.py:Net@{lines[4]}")
    assert answer.report["model"]["line"] == lines[4]
    assert answer.report["model"]["selected_by"].startswith("--model")


@pytest.mark.parametrize("files", [{}, {"notes.txt": "hello"}, {"train.py": "print('no class here')\n"}])
def test_no_model(files: dict[str, str], grader: Callable, submission: Write) -> None:
    answer = grader("check", submission(files), "--no-train")
    assert answer.code == 4
    assert "No model was found" in answer.report["summary"]


@pytest.mark.parametrize(
    ("content", "word"),
    [("this is not JSON {", "notebook.ipynb"), ('{"cells": [{"cell_type": "code", "sou', "notebook.ipynb")],
    ids=["not JSON", "truncated"],
)
def test_a_broken_notebook_is_reported(content: str, word: str, grader: Callable, submission: Write) -> None:
    answer = grader("check", submission({"notebook.ipynb": content}), "--no-train")
    assert answer.code == 4
    assert any(word in problem for problem in answer.report["model"]["problems"])


def test_a_notebook_with_50_megabytes_of_output_is_graded(grader: Callable, submission: Write, good_model: str) -> None:
    import json

    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 50_000_000]}
    cell = {"cell_type": "code", "source": good_model, "metadata": {}, "outputs": [output], "execution_count": 1}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    answer = grader("check", submission({"big.ipynb": json.dumps(notebook)}), "--no-train")
    assert answer.report["facts"]["parameters"]["total"] == 80 + 16 + 90


@pytest.mark.parametrize("name", ["my model.py", "100%done.py", "new\nline.py", "right\u202eto-left.py"])
def test_odd_file_names(name: str, grader: Callable, submission: Write, good_model: str) -> None:
    answer = grader("check", submission({name: good_model}), "--no-train", "--format", "markdown")
    assert answer.report["model"]["file"] == name
    assert answer.report["facts"]["batch_norm"]["runs"] is True
    html = (answer.out / "report.html").read_text(encoding="utf-8")
    assert "\u202e" not in html + answer.stdout, "a right-to-left mark must be shown, not obeyed"


def test_an_unreadable_manifest(grader: Callable, submission: Write, good_model: str) -> None:
    root = submission({"model.py": good_model, ".grader.yml": "model: [unclosed\n"})
    answer = grader("check", root, "--no-train")
    assert answer.code == 4
    assert ".grader.yml" in answer.stderr + answer.stdout


def test_a_symlink_out_of_the_submission_is_not_followed(grader: Callable, submission: Write) -> None:
    root = submission({"README.md": "hi"})
    (root / "model.py").symlink_to("/etc/passwd")
    answer = grader("check", root, "--no-train")
    assert answer.code == 4
    assert "root:" not in (answer.out / "report.json").read_text()
