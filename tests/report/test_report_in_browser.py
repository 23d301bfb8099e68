"""The HTML report in a real Chromium: no overflow, no request, no complaint, readable in both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from headless_chromium import Tab, tab
from report_factory import CASES
from test_report_escape import HOSTILE, hostile_report

from grader.report.html import to_html

pytestmark = pytest.mark.system

# The contrast of each visible text against the nearest background that is not transparent (WCAG 2.2, 1.4.3).
CONTRAST = r"""
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const found = rgb(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] > 0.99) return found;
    }
    return rgb(getComputedStyle(document.documentElement).backgroundColor);
  };
  const poor = [];
  document.querySelectorAll("details").forEach(d => d.open = true);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), node = walk.currentNode.parentElement;
    if (!text || ["title", "desc"].includes(node.localName)) continue;
    const style = getComputedStyle(node), drawn = node.localName === "text";
    const [a, b] = [light(rgb(drawn ? style.fill : style.color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tab() as page:
        yield page


@pytest.fixture(params=sorted(CASES))
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.html"
    path.write_text(to_html(CASES[request.param]()), encoding="utf-8")
    return path


def requests(browser: Tab) -> list[str]:
    """The addresses asked for, without the pictures that are in the file."""
    return [address for address in browser.requests if not address.startswith("data:")]


def overflow(browser: Tab) -> int:
    return browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_asks_for_nothing_and_is_readable(browser: Tab, file: Path, width: int, dark: bool) -> None:
    browser.open(file, width, dark=dark)
    assert browser.evaluate("innerWidth") == width
    assert overflow(browser) == 0
    assert browser.evaluate(CONTRAST) == []
    assert overflow(browser) == 0  # with all details open
    assert requests(browser) == [file.resolve().as_uri()]
    assert browser.complaints == []
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark


def test_the_stylesheet_is_applied_under_its_policy(browser: Tab, file: Path) -> None:
    browser.open(file, 1280)
    assert browser.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "1080px"
    assert browser.evaluate("document.scripts.length") == 0


def test_the_policy_stops_what_an_escape_would_have_missed(browser: Tab, tmp_path: Path) -> None:
    page = to_html(CASES["pass"]())
    attack = (
        "<script>document.title = 'run'</script><img src='https://evil.example/x' onerror=\"document.title = 'run'\">"
    )
    file = tmp_path / "attacked.html"
    file.write_text(page.replace("<h1>", f"{attack}<h1>", 1), encoding="utf-8")
    browser.open(file, 1280)
    assert browser.evaluate("document.title") == "Passed: Net"
    assert len(browser.complaints) >= 2  # the script, the picture
    assert requests(browser) == [file.resolve().as_uri()]


def test_pictures_are_shown(browser: Tab, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(to_html(CASES["pass"]()), encoding="utf-8")
    browser.open(file, 1280)
    sizes = browser.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight])")
    kernels = [[True, 3, 3]] * 8
    assert sizes == [[True, 28, 28]] * (25 + 3 * 3) + kernels


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_neither_breaks_the_page_nor_asks_for_anything(browser: Tab, tmp_path: Path, text: str) -> None:
    for name in ("pass", "ambiguous", "claims"):
        file = tmp_path / f"{name}.html"
        file.write_text(to_html(hostile_report(name, text)), encoding="utf-8")
        browser.open(file, 390)
        assert overflow(browser) == 0
        assert requests(browser) == [file.resolve().as_uri()]
        assert browser.complaints == []


def test_it_prints(browser: Tab, file: Path) -> None:
    browser.open(file, 1280)
    printed = browser.pdf()
    assert printed.startswith(b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.call("Emulation.setDeviceMetricsOverride", width=680, height=1000, deviceScaleFactor=1, mobile=False)
    try:
        assert overflow(browser) == 0
        folded = "[...document.querySelectorAll('details:not([open]) > :not(summary)')]"
        assert browser.evaluate(f"{folded}.filter(part => !part.checkVisibility()).length") == 0  # printed, too
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
