"""READMEs of any name, encoding and size; what can't be read is said in one sentence, and nothing raises."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.intake.claims.document import read_document
from grader.intake.claims.scan import scan
from grader.intake.text_file import decode
from grader.model.claims import Claim, ParameterClaim
from grader.model.submission import Location

MODEL = "import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"
TEXT = "# Résumé\n\nTotal parameters: 13,808\n"

Read = Callable[..., tuple[tuple[Claim, ...], tuple[str, ...]]]


def totals(claims: tuple[Claim, ...]) -> list[float]:
    return [claim.statement.figure.value for claim in claims if isinstance(claim.statement, ParameterClaim)]


@pytest.mark.parametrize(
    "name", ["README.md", "readme", "ReadMe.markdown", "README.rst", "readme.TXT", "Readme.MD", "README_2.md"]
)
def test_any_name(claims_of: Read, name: str) -> None:
    claims, notes = claims_of({"model.py": MODEL, name: TEXT})
    assert (totals(claims), notes) == ([13808], ())
    assert claims[0].location.file == name


@pytest.mark.parametrize("name", ["readme.png", "readme.py", "README.zip", "notreadme.md"])
def test_what_is_no_readme(claims_of: Read, name: str) -> None:
    claims, notes = claims_of({"model.py": MODEL, name: "# Total parameters: 13,808\n"})
    assert (claims, notes) == ((), ())


def test_a_readme_that_the_manifest_names(claims_of: Read) -> None:
    files = {"model.py": MODEL, "README.md": "Parameters: 5,000\n", "docs/about.md": TEXT}
    claims, _ = claims_of(files, readme="docs/about.md")
    assert totals(claims) == [13808]
    claims, notes = claims_of(files, readme="docs/none.md")
    assert (claims, notes) == ((), ("There is no file docs/none.md to read as README.",))
    claims, notes = claims_of(files, readme="docs")
    assert (claims, notes) == ((), ("docs is a folder, not a file.",))
    claims, notes = claims_of(files, readme="../../etc/passwd")
    assert claims == ()
    assert notes in (("../../etc/passwd lies outside the submission and was not read.",),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_encodings(claims_of: Read, encoding: str) -> None:
    claims, notes = claims_of({"model.py": MODEL, "README.md": TEXT.encode(encoding)})
    assert (totals(claims), notes) == ([13808], ())
    assert claims[0].subject == "Résumé"


def test_a_character_cut_in_two_at_the_limit() -> None:
    assert decode("aé".encode()[:-1], cut=True) == "a"
    assert decode(b"caf\xe9") == "café"


def test_a_readme_of_20_megabytes(claims_of: Read) -> None:
    line = b"This is a long text about a model that was trained and trained again, day and night.\n"
    data = TEXT.encode() + line * (20 * 2**20 // len(line))
    began = time.monotonic()
    claims, notes = claims_of({"model.py": MODEL, "README.md": data})
    assert time.monotonic() - began < 30
    assert totals(claims) == [13808]
    assert notes == (
        "README.md has 20.0 MB; the first 2 MB were read.",
        "README.md has more than 20,000 lines; the first 20,000 were read.",
    )


def test_more_statements_than_anyone_reads(claims_of: Read) -> None:
    text = "".join(f"## Model number {at}\n\n- Total parameters: {10_000 + at}\n\n" for at in range(700))
    claims, notes = claims_of({"model.py": MODEL, "README.md": text})
    assert len(claims) == 400
    assert notes == ("The submission makes 700 statements about itself; 400 of them were kept.",)


def test_binary_and_nul(claims_of: Read) -> None:
    claims, notes = claims_of({"model.py": MODEL, "README.md": bytes(range(256)) * 20})
    assert (claims, notes) == ((), ("README.md is not text and was not read.",))
    claims, notes = claims_of({"model.py": MODEL, "README.md": TEXT.encode() + b"a\0b\n" + b"text\n" * 20})
    assert (totals(claims), notes) == ([13808], ())


def test_an_empty_readme_and_a_pointer(claims_of: Read) -> None:
    assert claims_of({"model.py": MODEL, "README.md": b""}) == ((), ())
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    _, notes = claims_of({"model.py": MODEL, "README.md": pointer})
    assert notes == ("README.md is a Git LFS pointer; its content is not part of the repository.",)


def test_links_folders_and_pipes(claims_of: Read, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(TEXT)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "README.md").symlink_to(tmp_path / "secret")
    (tmp_path / "sub" / "readme.txt").mkdir()
    os.mkfifo(tmp_path / "sub" / "README")
    claims, notes = claims_of({"sub/model.py": MODEL}, folder="sub")
    assert claims == ()
    assert notes == (
        "README is not a regular file and was not read.",
        "README.md is reached through a symbolic link and was not read.",
        "readme.txt is a folder, not a file.",
    )


def test_a_notebook_with_wild_cells(claims_of: Read) -> None:
    wild = [
        {"cell_type": "code", "source": MODEL, "outputs": [], "execution_count": 1, "metadata": {}},
        {"cell_type": "code", "source": 5, "outputs": "no list"},
        {"cell_type": "markdown", "source": ["Parameters: 13,808", 7]},
        {"cell_type": "code", "source": "(", "outputs": [{"data": {"text/plain": None}}, 3]},
        {"cell_type": "code", "source": "x", "outputs": [{"text": "0%|  | 0/9\rTotal params: 13,809\r"}]},
        "no cell",
    ]
    claims, _ = claims_of({"work.ipynb": json.dumps({"cells": wild})}, model="work.ipynb:Net")
    assert totals(claims) == [13808, 13809]


def test_a_cell_that_prints_very_much(claims_of: Read) -> None:
    output = "Total params: 13,808\n" + "x" * 400_000 + "\nTest accuracy: 99.41%\n"
    cells = [
        {"cell_type": "code", "source": MODEL, "outputs": [{"output_type": "stream", "text": output}], "metadata": {}}
    ]
    claims, notes = claims_of({"work.ipynb": json.dumps({"cells": cells})}, model="work.ipynb:Net")
    assert [claim.statement.kind for claim in claims] == ["parameters", "accuracy"]
    assert notes == ("work.ipynb: cell 0 prints very much; the middle of its output was not read.",)


WORDS = st.sampled_from([
    "param", "parameters", "17,682", "20k", "1.2M", "<", ">", "≤", "~", "%", "accuracy", "acc", "99.4%", "9944/10000",
    "epoch", "epochs", "12", "RF", "receptive field", "28x28", "dropout", "0.1", "batch norm", "BN", "GAP", "FC", "|",
    "- ", "#", "*", "`", "[", "]", "(", ")", ":", "=", "less than", "under", "no", "without", "not", "must", "target",
    "test", "train", "val", "final", "best", "model", "Model_3", "v2", "Layer", "kernel", "<table>", "<tr>", "<td>",
    "</table>", "```", "---", "===", "![a](", "\\", "&", "_", "$", "→", "│", "\n", "\t", "\r", "\0", "✅", "[x]",
])  # fmt: skip


@given(st.lists(WORDS | st.text(max_size=8), max_size=300).map(" ".join))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_raises(text: str) -> None:
    for source in ("readme", "output", "docstring", "comment"):
        drafts, _ = scan(read_document("README.md", source, [(Location(file="README.md"), text)]))
        assert all(draft.document.source == source for draft in drafts)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    assert "\0" not in (decode(data) or "")


@pytest.mark.parametrize(
    "unit",
    [
        "a", " ", "#", "*", "|", "[", "![", "<", "<a ", "1", "1,", "1 ", "1.1.", "(dropout ", "accuracy 99.1% ",
        "9944/10000 ", "less than ", "params, ", "layer   rf   stride\n", "| a | b |\n", "<table><tr><td>", "```\n",
        "under the receptive field of the ", "accuracy is about ", "RF of the model ", "epoch reached ", "\\", "_",
        "&lt;",
    ],
)  # fmt: skip
def test_time_grows_with_the_size_alone(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.monotonic()
    scan(read_document("README.md", "readme", [(Location(file="README.md"), text)]))
    assert time.monotonic() - began < 10
