"""The page in a real Chromium: it fits, asks for nothing, and is readable in both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from calibration_factory import calibration_of, learning, realistic
from headless_chromium import Tab, tab
from test_report_in_browser import CONTRAST, overflow

from grader.calibration.html import to_html

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tab() as page:
        yield page


@pytest.fixture(params=["realistic", "long names", "seven models"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    calibration = realistic()
    if request.param == "long names":
        calibration = calibration_of({"a" * 64: learning(20, 0.9947), "b" * 64: learning(20, 0.99)})
    if request.param == "seven models":
        calibration = calibration_of({f"model_{number}": learning(5, 0.9943, salt=number) for number in range(7)})
    path = tmp_path / "calibration.html"
    path.write_text(to_html(calibration), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_fits_asks_for_nothing_and_is_readable(browser: Tab, file: Path, width: int, dark: bool) -> None:
    browser.open(file, width, dark=dark)
    assert browser.evaluate("innerWidth") == width
    assert overflow(browser) == 0
    assert browser.evaluate(CONTRAST) == []
    assert overflow(browser) == 0  # with all details open
    assert browser.requests in ([file.resolve().as_uri()], [file.resolve().as_uri(), "data:,"])
    assert browser.complaints == []
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark


def test_it_prints(browser: Tab, file: Path) -> None:
    browser.open(file, 1280)
    assert browser.pdf().startswith(b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.call("Emulation.setDeviceMetricsOverride", width=680, height=1000, deviceScaleFactor=1, mobile=False)
    try:
        assert overflow(browser) == 0
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
