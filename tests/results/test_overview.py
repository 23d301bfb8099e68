"""The overview without a browser: what it says, what it draws, and that nothing of a student's gets through."""

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
from results_factory import ASSIGNMENT, CRITERIA, a_class, row
from test_html_report import outline
from test_report_escape import HOSTILE, tags

from grader.batch.results.assignment import Assignment
from grader.batch.results.figures.distribution import distribution
from grader.batch.results.figures.scatter import MOST_DOTS, scatter
from grader.batch.results.overview import to_html
from grader.batch.results.view.page import page
from grader.batch.results.view.students import MOST_STUDENTS
from grader.batch.results.write import NAMES, write_results
from grader.errors import UsageError
from grader.model.result import ResultRow
from grader.rubric.load import load_rubric


def test_it_says_how_the_class_stands() -> None:
    rows = [row("a"), row("b", "fail", ("accuracy",)), row("c", "inconclusive"), row("d", "excused", late=True)]
    shown = page(rows, ASSIGNMENT)
    assert shown.sentence == "4 students: 2 graded, 1 passed, 1 without a grade, 1 excused."
    assert [(share.tag, share.number) for share in shown.shares] == [
        ("pass", 1), ("fail", 1), ("inconclusive", 1), ("excused", 1),
    ]  # fmt: skip
    assert [(task.tag, task.sentence) for task in shown.tasks] == [
        ("inconclusive", "1 student is without a verdict, because the measurements leave it open. A person decides."),
        ("late", "1 student handed in late. Points are not reduced for it here."),
    ]


def test_the_criterion_that_fails_most_is_first() -> None:
    rows = [row("a", "fail", ("dropout",)), row("b", "fail", ("dropout", "accuracy")), row("c"), row("d", "unreached")]
    shares = page(rows, ASSIGNMENT).criteria
    assert [(share.identity, share.missed, share.judged) for share in shares][:2] == [
        ("dropout", 2, 3),
        ("accuracy", 1, 3),
    ]
    assert shares[0].said == "2 of 3 did not meet it (67 %)"
    assert sum(share.missed for share in shares) == 3
    assert len(shares) == len(CRITERIA)


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    rows = [row(str(number), "fail", ("dropout",)) for number in range(999)] + [row("x", "fail", ("head",))]
    said = {share.identity: share.said for share in page(rows, ASSIGNMENT).criteria}
    assert said["dropout"] == "999 of 1,000 did not meet it (99 %)"
    assert said["head"] == "1 of 1,000 did not meet it (1 %)"
    assert said["accuracy"] == "0 of 1,000 did not meet it (0 %)"


def test_the_bars_of_the_histogram_hold_everybody_once() -> None:
    rows = [row(str(index), points=value) for index, value in enumerate((0, 5, 5.5, 100, 100, 105))]
    rows.append(row("z", "fail", points=50))
    drawn = str(distribution(rows))
    assert re.findall(r"<title>(\S+ to \S+) points: (\d+) passed, (\d+) did not</title>", drawn) == [
        ("0 to 5", "2", "0"), ("5 to 10", "1", "0"), ("45 to 50", "0", "1"), ("95 to 100", "2", "0"),
        ("100 to 105", "1", "0"),
    ]  # fmt: skip
    assert "median 50" in drawn
    assert distribution([row("a", "excused")]) is None


@pytest.mark.parametrize(("most", "earned"), [(1, 0.5), (7, 7), (2500, 1250.5), (0, 0)])
def test_any_number_of_points_can_be_drawn(most: float, earned: float) -> None:
    drawn = str(distribution([row("a", points=earned, max_points=most)]))
    assert len(re.findall("<rect", drawn)) == 1


def test_a_dot_leads_to_its_report() -> None:
    rows = [
        row("ada", best_accuracy=0.9951, parameters=7_976, name="Ada <b>"),
        row("liu", "fail", best_accuracy=0.4, parameters=3),
        row("kim", best_accuracy=None, parameters=5),
    ]
    drawn = str(scatter(rows, ASSIGNMENT))
    assert re.findall(r'<a href="([^"]*)"', drawn) == ["reports/liu/report.html", "reports/ada/report.html"]
    assert "Ada &lt;b&gt;: 7,976 parameters, 99.51 %" in drawn
    assert "target 99.40 %" in drawn
    assert "fewer than 20,000" in drawn
    places = [float(place) for place in re.findall(r'c[xy]="([^"]*)"', drawn)]
    assert all(0 <= place <= 560 for place in places)
    assert scatter([row("ada")], ASSIGNMENT) is None


def test_many_dots_are_thinned_and_say_so() -> None:
    rows = [row(str(number), best_accuracy=0.99, parameters=number + 1) for number in range(2 * MOST_DOTS + 1)]
    drawn = str(scatter(rows, ASSIGNMENT))
    assert drawn.count("<circle") <= MOST_DOTS
    assert "one of 3 drawn" in drawn


def test_an_assignment_without_target_or_limit_has_no_marks() -> None:
    rubric = load_rubric("mnist-20k")
    plain = rubric.model_copy(update={"criteria": rubric.criteria[1:4]})
    assignment = Assignment("x", plain, "")
    assert (assignment.target, assignment.limit) == (None, None)
    assert (ASSIGNMENT.target, ASSIGNMENT.limit) == (0.994, 20_000)
    assert "target" not in str(scatter([row("ada", best_accuracy=0.9, parameters=5)], assignment))
    unknown = rubric.criteria[0].model_copy(update={"check": "not_installed_here"})
    assert Assignment("x", rubric.model_copy(update={"criteria": (unknown,)}), "").target is None


def test_only_our_style_and_our_script_are_allowed() -> None:
    html = to_html(a_class(50), ASSIGNMENT)
    found = outline(html).tags
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    (policy,) = [each["content"] for _, each in found if each.get("http-equiv") == "Content-Security-Policy"]
    digest = {name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for name, text in
              (("style", style), ("script", script))}  # fmt: skip
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest['style']}'; img-src data:; "
        f"script-src 'sha256-{digest['script']}'; base-uri 'none'; form-action 'none'"
    )
    for tag, attributes in found:
        assert tag not in ("iframe", "object", "embed", "form", "base", "img")
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")]
        assert attributes.get("href", "data:").startswith(("data:", "reports/"))


def test_the_page_is_accessible_by_its_structure() -> None:
    found = outline(to_html(a_class(50), ASSIGNMENT)).tags
    levels = [int(tag[1]) for tag, _ in found if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    identities = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(identities) == len(set(identities))
    assert all("scope" in attributes for tag, attributes in found if tag == "th")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    plain, hostile = (tags(to_html(_poisoned(word), _titled(word))) for word in ("word", text))
    assert hostile.skeleton == plain.skeleton
    assert [value for name, value in hostile.attributes if name in ("href", "data-tags")] == [
        value for name, value in plain.attributes if name in ("href", "data-tags")
    ]
    assert not re.search("[\u202e\u2066\u200b\x00\x1b\x07]", hostile.text)


def _poisoned(text: str) -> list[ResultRow]:
    lines = tuple(line.model_copy(update={"title": text, "message": text}) for line in row().criteria)
    more = {"name": text, "reason": text, "commit": text, "received_at": text, "repository": text, "flags": (text,)}
    drawn = {"best_accuracy": 0.99, "parameters": 9_000, "criteria": lines, "report": "reports/ada/report.html"}
    return [row(text, result, **more, **drawn) for result in ("pass", "fail", "ungradable")]


def _titled(text: str) -> Assignment:
    title = text.encode(errors="replace").decode()[:100]  # a rubric is UTF-8 text
    return Assignment(text, ASSIGNMENT.rubric.model_copy(update={"title": title, "id": "x"}), text)


def test_nobody_at_all() -> None:
    html = to_html([], ASSIGNMENT)
    assert "0 students: 0 graded, 0 passed." in html
    outline(html)


def test_a_very_large_class_is_cut_and_says_so() -> None:
    shown = page([row("a", "waiting")] * (MOST_STUDENTS + 1), ASSIGNMENT)
    assert (len(shown.students), shown.left_out, shown.total) == (MOST_STUDENTS, 1, MOST_STUDENTS + 1)


def test_the_three_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    write_results(tmp_path, a_class(20), ASSIGNMENT)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    (tmp_path / "overview.html").unlink()
    (tmp_path / "overview.html").mkdir()
    with pytest.raises(UsageError, match="folder named like a report file"):
        write_results(tmp_path, a_class(3), ASSIGNMENT)
    assert all((tmp_path / name).read_bytes() == before[name] for name in NAMES[:2])


def test_the_same_class_gives_the_same_bytes() -> None:
    assert to_html(a_class(30), ASSIGNMENT) == to_html(a_class(30), ASSIGNMENT)
