"""Reading notebooks and Python files: line numbers kept, what is broken said in a sentence."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from grader.intake.notebook import read_source
from grader.intake.source import Source


def code(source: str | list[str], count: int | None = None, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source, "execution_count": count}
    return {**cell, **more}


def write(folder: Path, cells: list[dict[str, Any]], name: str = "notebook.ipynb") -> Path:
    path = folder / name
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def read(path: Path) -> tuple[Source, tuple[str, ...]]:
    source, problems = read_source(path, path.name)
    assert source is not None, problems
    return source, problems


def test_cells_are_numbered_over_all_cells(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# title"}
    source, problems = read(write(tmp_path, [text, code("x = 1"), text, code(["y = 2\n", "z = 3"])]))
    assert problems == ()
    assert [cell.index for cell in source.cells] == [1, 3]
    assert source.cells[1].tree.body[1].lineno == 2


@pytest.mark.parametrize(
    "line",
    ["%matplotlib inline", "!pip install torchsummary", "?nn.Conv2d", "nn.Conv2d?", "nn.Conv2d??  # help", "%%time",
     "files = !ls", "path = %pwd", "  !nvidia-smi", "cd /content/drive", "pip install torchsummary"],
)  # fmt: skip
def test_ipython_lines_go_and_the_others_keep_their_numbers(line: str, tmp_path: Path) -> None:
    indented = line.startswith(" ")
    text = f"if True:\n{line}\nafter = 1\n" if indented else f"{line}\n\nafter = 1\n"
    source, problems = read(write(tmp_path, [code(text)]))
    assert problems == ()
    last = source.cells[0].tree.body[-1]
    assert isinstance(last, ast.Assign)
    assert last.lineno == 3


def test_a_percent_sign_in_a_string_or_an_expression_stays(tmp_path: Path) -> None:
    text = '!pip install x\ntext = """\n%d of\n!all\n"""\nrest = (7\n% 4)\n'
    source, problems = read(write(tmp_path, [code(text)]))
    assert problems == ()
    values = {node.targets[0].id: ast.unparse(node.value) for node in source.cells[0].tree.body[1:]}  # type: ignore[attr-defined]
    assert ast.literal_eval(values["text"]) == "\n%d of\n!all\n"
    assert values["rest"] == "7 % 4"


def test_a_shell_line_may_go_on(tmp_path: Path) -> None:
    source, problems = read(write(tmp_path, [code("!pip install \\\n  torch \\\n  numpy\nx = 1")]))
    assert problems == ()
    assert source.cells[0].tree.body[-1].lineno == 4


def test_a_shell_cell_is_no_python(tmp_path: Path) -> None:
    source, problems = read(write(tmp_path, [code("%%bash\nfor f in *; do echo $f; done"), code("x = 1")]))
    assert problems == ()
    assert [cell.index for cell in source.cells] == [1]


def test_a_writefile_cell_names_its_file(tmp_path: Path) -> None:
    source, _ = read(
        write(tmp_path, [code("%%writefile net/model.py\nclass Net: pass"), code("%%writefile a.yml\n- x")])
    )
    assert [(cell.index, cell.writes) for cell in source.cells] == [(0, "net/model.py")]
    assert source.cells[0].tree.body[-1].lineno == 2


def test_a_broken_cell_is_skipped_and_reported(tmp_path: Path) -> None:
    source, problems = read(write(tmp_path, [code("x = 1"), code("def f(:\n  pass"), code("y = 2")]))
    assert [cell.index for cell in source.cells] == [0, 2]
    assert len(problems) == 1
    assert problems[0].startswith("notebook.ipynb: cell 1 is not Python 3 (line 1:")


def test_execution_counts_order_the_cells_where_the_page_does_not(tmp_path: Path) -> None:
    source, _ = read(write(tmp_path, [code("a", 1), code("late", 9), code("after_late", None), code("early", 4)]))
    assert [cell.index for cell in source.cells] == [0, 3, 1, 2]


def test_the_page_orders_cells_that_agree_with_their_counts(tmp_path: Path) -> None:
    source, _ = read(write(tmp_path, [code("a", None), code("b", 3), code("c", None), code("d", 7)]))
    assert [cell.index for cell in source.cells] == [0, 1, 2, 3]


def test_plain_python_under_a_notebooks_name(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_text("import torch\n%matplotlib inline\n\nclass Net:\n    pass\n")
    source, problems = read(path)
    assert not source.is_notebook
    assert source.cells[0].index is None
    assert source.cells[0].tree.body[-1].lineno == 4
    assert "is plain Python" in problems[0]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"this is not JSON {", "damaged"),
        (b'{"cells": [{"cell_type": "code", "sou', "damaged"),
        (b'["a", "list"]', "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b"[" * 200_000, "damaged"),
        (b"", "damaged"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "LFS"),
        (b"\xff\xfe\x00garbage", "damaged"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(content: bytes, word: str, tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(content)
    source, problems = read_source(path, "notebook.ipynb")
    assert source is None
    assert len(problems) == 1
    assert problems[0].startswith("notebook.ipynb")
    assert word in problems[0]


def test_cells_of_odd_types_are_passed_over(tmp_path: Path) -> None:
    odd = [None, 3, {}, {"cell_type": "code"}, code(7), code(["a = 1", None]), code("b = 2", outputs={"x": 1})]  # type: ignore[list-item]
    source, problems = read(write(tmp_path, odd))  # type: ignore[arg-type]
    assert problems == ()
    assert [cell.source.strip() for cell in source.cells if cell.source.strip()] == ["a = 1", "b = 2"]


def test_format_3_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    cell = {"cell_type": "code", "input": ["x = 1\n"], "prompt_number": 2}
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}))
    source, _ = read(path)
    assert source.cells[0].execution_count == 2


def test_fifty_megabytes_of_output_are_not_kept(tmp_path: Path) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 50_000_000, "the end"]}
    source, problems = read(write(tmp_path, [code("x = 1", outputs=[output])]))
    assert problems == ()
    assert source.cells[0].output.endswith("the end")
    assert len(source.cells[0].output) <= 20_000


@pytest.mark.parametrize("content", [b"print 'python 2'\n", b"x = \x00\n", b"(" * 100_000, b"\xff\xfeclass"])
def test_a_broken_python_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(content)
    source, problems = read_source(path, "model.py")
    assert source is None
    assert problems[0].startswith("model.py is not Python 3")


def test_an_invalid_escape_warns_nobody(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("import re\npattern = re.compile('\\d')\n")
    assert read(path)[1] == ()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    assert read_source(tmp_path / "gone.py", "gone.py") == (
        None,
        ("gone.py can't be read: No such file or directory.",),
    )


def test_latin_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes("# -*- coding: latin-1 -*-\r\nname = 'é'\r\n".encode("latin-1"))
    source, _ = read(path)
    assert source.cells[0].source == "# -*- coding: latin-1 -*-\nname = 'é'\n"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"#" * (3 * 2**20))
    source, problems = read_source(path, "model.py")
    assert source is None
    assert problems == ("model.py is larger than 2 MB and was not read.",)
