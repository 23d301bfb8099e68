"""The overview in a real Chromium, from a file: it fits, sorts, searches, leads to reports, and is quick about it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from headless_chromium import Tab, tab
from report_factory import passing
from results_factory import ASSIGNMENT, a_class, row
from test_report_escape import HOSTILE
from test_report_in_browser import CONTRAST, overflow, requests

from grader.batch.results.folders import report_page
from grader.batch.results.write import write_results
from grader.model.similarity import Fingerprint
from grader.report.write import write_report
from grader.similarity.compare import compare

pytestmark = pytest.mark.system

NAMES = "[...document.querySelectorAll('#students tbody tr')].filter(r => !r.hidden).map(r => r.cells[0].innerText)"
COLUMN = "[...document.querySelectorAll('#students tbody tr')].filter(r => !r.hidden).map(r => r.cells[{}].innerText)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tab() as page:
        yield page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The overview of 1,000 students."""
    folder = tmp_path_factory.mktemp("class of 1000 %23")
    write_results(folder, a_class(1000), ASSIGNMENT)
    return folder / "overview.html"


def press(browser: Tab, selector: str) -> None:
    """Click in the middle of the first element that fits."""
    where = browser.evaluate(
        f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
        " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)


def key(browser: Tab, name: str, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, text=text if kind == "keyDown" else "")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 900, 390, 320])
def test_the_page_fits_asks_for_nothing_and_is_readable(browser: Tab, tmp_path: Path, width: int, dark: bool) -> None:
    copy = Fingerprint(graph="same")
    compared = compare({f"student-{number:04}": copy for number in range(9)} | {HOSTILE[0]: copy}, students=60)
    write_results(tmp_path, a_class(60), ASSIGNMENT, compared)
    browser.open(tmp_path / "overview.html", width, dark=dark)
    assert browser.evaluate("innerWidth") == width
    assert overflow(browser) == 0
    assert browser.evaluate(CONTRAST) == []
    assert requests(browser) == [(tmp_path / "overview.html").as_uri()]
    assert browser.complaints == []
    assert (browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") is not dark


def test_a_thousand_rows_sort_and_search(browser: Tab, page: Path) -> None:
    began = time.monotonic()
    browser.open(page, 1280)
    loaded = time.monotonic() - began
    ready = browser.evaluate("performance.getEntriesByName('ready')[0].startTime")
    print(f"1,000 rows: ready after {ready:.0f} ms, loaded after {loaded * 1000:.0f} ms, {page.stat().st_size} bytes")
    assert browser.evaluate("document.querySelectorAll('#students tbody tr').length") == 1000
    for doing in (
        "document.querySelectorAll('#students thead button')[2].click()",
        "(() => { const s = document.getElementById('search'); s.value = 'muller';"
        " s.dispatchEvent(new Event('input')); })()",
    ):
        took = browser.evaluate(f"(() => {{ const t = performance.now(); {doing}; document.body.offsetHeight;"
                                " return performance.now() - t; })()")  # fmt: skip
        print(f"sorted or searched with layout in {took:.0f} ms")
    assert 0 < len(browser.evaluate(NAMES)) < 1000


@pytest.mark.parametrize(("column", "first"), [(2, "descending"), (3, "descending"), (4, "ascending")])
def test_numbers_are_sorted_as_numbers_and_missing_ones_stand_last(
    browser: Tab, page: Path, column: int, first: str
) -> None:
    browser.open(page, 1280)
    before = browser.evaluate(NAMES)
    head = f"#students thead th:nth-child({column + 1})"
    for direction in (first, "ascending" if first == "descending" else "descending"):
        press(browser, f"{head} button")
        assert browser.evaluate(f"document.querySelector('{head}').getAttribute('aria-sort')") == direction
        texts = browser.evaluate(COLUMN.format(column))
        numbers = [float(text.replace(",", "").removesuffix(" %")) for text in texts if text != "–"]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert set(texts[len(numbers) :]) == {"–"}
    press(browser, f"{head} button")
    assert browser.evaluate("document.querySelectorAll('[aria-sort]').length") == 0
    assert browser.evaluate(NAMES) == before


def test_equal_ones_stay_in_the_order_of_the_roster(browser: Tab, page: Path) -> None:
    browser.open(page, 1280)
    press(browser, "#students thead th:nth-child(2) button")
    words, names = browser.evaluate(COLUMN.format(1)), browser.evaluate(NAMES)
    for word in set(words):
        alike = [name for name, each in zip(names, words, strict=True) if each == word]
        assert alike == sorted(alike)


def test_it_is_sorted_with_the_keyboard_alone(browser: Tab, page: Path) -> None:
    browser.open(page, 1280)
    browser.evaluate("document.querySelector('#students thead th:nth-child(5) button').focus()")
    key(browser, "Enter", "\r")
    head = "document.querySelector('#students thead th:nth-child(5)')"
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "ascending"
    key(browser, "Tab")
    assert browser.evaluate("document.activeElement.closest('th').cellIndex") == 5


def test_searching_finds_without_accents_and_says_how_many(browser: Tab, page: Path) -> None:
    browser.open(page, 1280)
    press(browser, "#search")
    browser.call("Input.insertText", text="MULLER  student-00")
    names = browser.evaluate(NAMES)
    expected = [one.student for one in a_class(1000)[:100] if one.name == "Björn Müller"]
    assert [name.split("\n")[0] for name in names] == expected
    assert browser.evaluate("document.getElementById('shown').innerText") == f"{len(expected)} of 1,000 students"
    browser.call("Input.insertText", text=" nobody at all")
    assert browser.evaluate(NAMES) == []
    assert browser.evaluate("document.getElementById('none').checkVisibility()")


def test_one_result_is_shown_and_a_criterion_that_was_missed(browser: Tab, page: Path) -> None:
    rows = a_class(1000)
    browser.open(page, 1280)
    press(browser, ".filters [data-tag=inconclusive]")
    open_ones = [one.student for one in rows if one.result == "inconclusive"]
    assert [name.split("\n")[0] for name in browser.evaluate(NAMES)] == open_ones
    assert browser.evaluate("document.querySelectorAll('[aria-pressed=true]').length") == 1
    press(browser, "#criteria [data-show]")
    shown = browser.evaluate("document.getElementById('shown').innerText")
    identity = browser.evaluate("document.querySelector('#criteria [data-show]').dataset.called").split(": ")[1]
    missed = [one for one in rows if any(line.id == identity and line.status == "failed" for line in one.criteria)]
    assert shown == f"{len(missed)} of 1,000 students, not met: {identity}"
    assert len(browser.evaluate(NAMES)) == len(missed)
    press(browser, ".filters [data-tag='']")
    assert len(browser.evaluate(NAMES)) == 1000


def test_a_report_is_opened_from_the_table_and_from_a_dot(browser: Tab, tmp_path: Path) -> None:
    name = "=cmd|' /C calc'!A0 <b>"
    rows = [row(name, best_accuracy=0.9946, parameters=9_000), row("bob", "unreached")]
    write_results(tmp_path, rows, ASSIGNMENT)
    write_report(passing(), (tmp_path / report_page(name)).parent)
    for link in ("#students tbody a", "#scatter-title ~ g a circle"):
        browser.open(tmp_path / "overview.html", 1280)
        assert browser.evaluate("document.querySelectorAll('#students tbody a').length") == 1
        browser._loaded = False
        press(browser, link)
        while not browser._loaded:
            browser._next()
        assert browser.evaluate("document.title") == "Passed: Net"


def test_a_phone_sorts_by_a_list(browser: Tab, page: Path) -> None:
    browser.open(page, 390)
    assert browser.evaluate("document.getElementById('order').checkVisibility()")
    browser.evaluate(
        "(() => { const o = document.getElementById('order'); o.value = '4 ascending';"
        " o.dispatchEvent(new Event('change')); })()"
    )
    sizes = [int(text.replace(",", "")) for text in browser.evaluate(COLUMN.format(4)) if text != "–"]
    assert sizes == sorted(sizes)
    assert browser.evaluate("document.querySelector('#students tbody tr').getBoundingClientRect().width") <= 390


def test_without_its_script_the_page_shows_everything(browser: Tab, tmp_path: Path) -> None:
    write_results(tmp_path, a_class(20), ASSIGNMENT)
    file = tmp_path / "overview.html"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("performance.mark", "performance.mark /* changed */"), encoding="utf-8")
    browser.open(file, 1280)
    assert len(browser.complaints) == 1
    assert "Content Security Policy" in browser.complaints[0]
    assert len(browser.evaluate(NAMES)) == 20
    assert not browser.evaluate("document.getElementById('tools').checkVisibility()")
    assert browser.evaluate("document.querySelectorAll('button:not([hidden])').length") == browser.evaluate(
        "document.querySelectorAll('.filters button').length"
    )


def test_an_injected_script_does_not_run(browser: Tab, tmp_path: Path) -> None:
    write_results(tmp_path, a_class(5), ASSIGNMENT)
    file = tmp_path / "overview.html"
    attack = (
        "<script>document.title = 'run'</script><img src='https://evil.example/x' onerror=\"document.title='run'\">"
    )
    file.write_text(file.read_text(encoding="utf-8").replace("<h1>", f"{attack}<h1>", 1), encoding="utf-8")
    browser.open(file, 1280)
    assert browser.evaluate("document.title") == "Results: Session 5"
    assert requests(browser) == [file.as_uri()]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_neither_breaks_the_page_nor_asks_for_anything(browser: Tab, tmp_path: Path, text: str) -> None:
    rows = [
        row(text, result, name=text, reason=text, commit=text, received_at=text, best_accuracy=0.99, parameters=9_000)
        for result in ("pass", "unreached")
    ]
    write_results(tmp_path, rows, ASSIGNMENT)
    for width in (1280, 390):
        browser.open(tmp_path / "overview.html", width)
        assert overflow(browser) == 0
        assert browser.complaints == []
        assert requests(browser) == [(tmp_path / "overview.html").as_uri()]


def test_it_prints(browser: Tab, page: Path) -> None:
    browser.open(page, 1280)
    assert browser.pdf().startswith(b"%PDF-")
