"""results.csv and results.jsonl, read back."""

import csv
import io
import json

from results_factory import CRITERIA, a_class, row

from grader.batch.results.tables import results_csv, results_jsonl
from grader.model.result import ResultRow

IDS = [criterion.id for criterion in CRITERIA]


def read(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def test_a_line_per_student_with_the_points_of_each_criterion() -> None:
    partial = row("ada", "fail", ("dropout", "receptive_field_28"), best_accuracy=0.99403, parameters=7976)
    (line,) = read(results_csv([partial], IDS))
    assert (line["student"], line["result"], line["points"], line["max_points"]) == ("ada", "fail", "90", "100")
    assert (line["best_accuracy"], line["parameters"], line["points_dropout"]) == ("0.99403", "7976", "0")
    assert sum(float(line[f"points_{identity}"]) for identity in IDS) == 90
    assert line["report"] == "reports/ada/report.html"


def test_without_a_grade_there_are_no_points_not_zero_ones() -> None:
    lines = read(results_csv([row("a", "inconclusive"), row("b", "excused"), row("c", "unreached")], IDS))
    assert [line["points"] for line in lines] == ["", "", ""]
    assert {line[f"points_{identity}"] for line in lines for identity in IDS} == {""}


def test_nothing_becomes_a_formula_and_nothing_breaks_a_line() -> None:
    hostile = row('=1+1"', name="@SUM(1)\r\n=2", reason="caf\udce9, 0.5\0", repository="-2+3")
    (line,) = read(results_csv([hostile], IDS))
    assert line["student"] == "'=1+1\""
    assert line["name"] == "'@SUM(1)  =2"
    assert line["reason"] == "caf?, 0.5"
    assert line["repository"] == "'-2+3"
    assert results_csv([hostile], IDS).encode()


def test_json_lines_hold_everything() -> None:
    rows = a_class(40)
    text = results_jsonl(rows)
    assert text.isascii()
    assert [ResultRow.model_validate_json(line) for line in text.splitlines()] == rows
    hostile = row("caf\udce9\u2028\n", name="</script>")
    (line,) = results_jsonl([hostile]).splitlines()
    assert json.loads(line)["student"] == "caf\udce9\u2028\n"


def test_of_nobody_there_is_a_header_only() -> None:
    assert read(results_csv([], IDS)) == []
    assert results_jsonl([]) == ""
