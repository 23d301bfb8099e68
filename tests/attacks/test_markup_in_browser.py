"""Reports of the worst submissions in a real Chromium: nothing runs, opens a dialog, complains or is asked for."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import Arena
from git_trap import contained
from test_markup import LAYERS, PLACES, VECTORS

sys.path.append(str(Path(__file__).parents[1] / "report"))

from headless_chromium import Tab, tab

pytestmark = pytest.mark.system

WORST = {
    "polyglot": "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */onerror=alert(1) )//%0D%0A//</stYle/</titLe/</scRipt/--!>"
    "\\x3csVg/<sVg/oNloAd=alert(1)//>",
    "nested tables": "<svg><p><style><a id='</style><img src=1 onerror=alert(1)>'></table></table>",
    "details": "</summary></details></main><form action=https://evil><input type=submit autofocus onfocus=alert(1)>",
    "refresh": "<meta http-equiv=refresh content='0;url=https://evil'><base href=https://evil>",
    "vectors": VECTORS,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tab() as page:
        yield page


@pytest.mark.parametrize("text", [*WORST.values(), *LAYERS.values(), *PLACES.values()])
@pytest.mark.attack("markup", "a report opened in a browser")
def test_in_a_browser(arena: Arena, browser: Tab, text: str) -> None:
    folder = arena.folder / "plain"
    folder.mkdir()
    (folder / ".grader.yml").write_text(f"path: {_quoted(text)}\n")
    answer = arena.run("check", folder, "--no-train", "--quiet")
    contained(answer, 4)
    browser.open(answer.out / "report.html", 1280)
    asked = [address for address in browser.requests if not address.startswith("data:")]
    assert asked == [(answer.out / "report.html").resolve().as_uri()]
    assert browser.complaints == []
    assert browser.evaluate("document.scripts.length + document.forms.length + document.links.length") == 0
    assert browser.evaluate("document.title") == "Could not be graded"
    assert browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def _quoted(text: str) -> str:
    """The text as YAML in double quotes, each letter by its number."""
    return '"' + "".join(f"\\U{ord(letter):08x}" for letter in text) + '"'
