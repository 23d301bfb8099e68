"""The HTML page: structure, figures, policy."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from calibration_factory import calibration_of, learning, published, realistic, run_of, steady

from grader.calibration.figures import curve_panels, strip_panels, swarm
from grader.calibration.html import to_html
from grader.calibration.view import page
from grader.model.calibration import Calibration

CASES = {
    "realistic": realistic,
    "supported": lambda: calibration_of({"a": learning(20, 0.9948)}),
    "one seed": lambda: calibration_of({"a": steady(1, reached=1)}),
    "one epoch": lambda: calibration_of({"a": [run_of([0.99], 0), run_of([0.995], 1)]}, fails=["a"]),
    "diverged": lambda: calibration_of({"a": [run_of([0.5, 0.0], 0, "diverged"), run_of([1.0, 1.0], 1)]}),
}
VOID = {"meta", "link", "img", "br"}


class Tree(HTMLParser):
    """Checks that elements nest, and notes what is there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(params=sorted(CASES))
def calibration(request: pytest.FixtureRequest) -> Calibration:
    return CASES[request.param]()


def test_the_page_is_whole_and_asks_for_nothing(calibration: Calibration) -> None:
    text = to_html(calibration)
    tree = Tree(text)
    assert not tree.open
    assert not {"script", "iframe", "img", "form"} & set(tree.tags)
    assert not [one for one in tree.attributes if one[1] == "style" or one[1].startswith("on")]
    assert {value for tag, name, value in tree.attributes if name in ("href", "src")} == {"data:,"}
    identities = [value for _, name, value in tree.attributes if name == "id"]
    assert len(set(identities)) == len(identities)
    policy = next(value for tag, name, value in tree.attributes if name == "content" and value and "default" in value)
    style = re.search(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().replace("provenance", "")


def test_one_pair_of_panels_per_model(calibration: Calibration) -> None:
    curves, strips = curve_panels(calibration), strip_panels(calibration)
    assert len(curves) == len(strips) == len(calibration.models)
    for model, curve, strip in zip(calibration.models, curves, strips, strict=True):
        lines = [node.get("class") for node in ElementTree.fromstring(curve).iter("path")]
        ends = [node.get("class") for node in ElementTree.fromstring(curve).iter("circle")]
        dots = [node.get("class") for node in ElementTree.fromstring(strip).iter("circle")]
        seeds, reached = len(model.runs), model.reaching.reached
        assert ends.count("end-reached") == reached
        assert ends.count("end-missed") == seeds - reached
        if len(model.runs[0].accuracies) > 1:
            assert lines.count("seed-reached") == reached
            assert lines.count("seed-missed") == seeds - reached
        assert dots.count("swarm-best") == dots.count("swarm-last") == seeds


def test_everything_is_drawn_inside(calibration: Calibration) -> None:
    for drawn in (*curve_panels(calibration), *strip_panels(calibration)):
        root = ElementTree.fromstring(drawn)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for node in root.iter("circle"):
            assert 0 <= float(node.attrib["cx"]) <= width
            assert 0 <= float(node.attrib["cy"]) <= height
        for node in root.iter("path"):
            for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", node.attrib["d"]):
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_panels_of_a_page_share_their_scales() -> None:
    for panels in (curve_panels(realistic()), strip_panels(realistic())):
        ticks = [
            [
                (node.text, node.attrib["y"])
                for node in ElementTree.fromstring(one).iter("text")
                if "%" in (node.text or "")
            ]
            for one in panels
        ]
        assert len(ticks[0]) >= 4
        assert all(one == ticks[0] for one in ticks)


def test_dots_of_one_height_stand_apart() -> None:
    dots = swarm([0.99] * 5, 100, 30, lambda value: value * 100)
    assert [y for _, y in dots] == [99] * 5
    assert [x for x, _ in dots] == pytest.approx([86, 93, 100, 107, 114])
    many = swarm([0.99] * 100, 100, 30, lambda value: value * 100)
    assert min(x for x, _ in many) == pytest.approx(70)
    assert max(x for x, _ in many) == pytest.approx(130)


def test_the_banner_follows_the_suggestion() -> None:
    def banner(calibration: Calibration) -> tuple[str, str]:
        shown = page(calibration).banner
        return shown.tone, shown.heading

    assert banner(calibration_of({"a": steady(20, reached=20)})) == ("pass", "Each of the last 2 epochs, 3 of 5 seeds")
    assert banner(calibration_of({"a": steady(3, reached=3)})) == ("warn", "So many seeds can't tell")
    assert banner(calibration_of({"a": steady(40, reached=1)})) == ("fail", "No rule keeps the level")
    assert banner(calibration_of({"a": steady(4, reached=4)}, fails=["a"])) == ("warn", "No model that should pass")


def test_the_matrix_marks_what_keeps_the_level() -> None:
    shown = page(calibration_of({"a": steady(20, reached=20), "bad": steady(20, reached=2)}, fails=["bad"]))
    assert shown.fails is not None
    assert shown.passed is not None
    assert shown.fails.columns == ("Any epoch", "The last epoch", "Each of the last 2 epochs", *shown.fails.columns[3:])
    rows = dict(shown.fails.rows)
    first = {name: cells[0] for name, cells in rows.items()}
    assert [(name, cell.icon) for name, cell in first.items() if cell] == [
        ("one seed", "?"), ("1 of 3 seeds", "✓"), ("2 of 3 seeds", "?"), ("3 of 3 seeds", "?"),
        ("1 of 5 seeds", "✓"), ("2 of 5 seeds", "✓"), ("3 of 5 seeds", "✓"), ("4 of 5 seeds", "?"),
        ("5 of 5 seeds", "?"),
    ]  # fmt: skip
    own = first["1 of 3 seeds"]
    assert own is not None
    assert own.mark == "the rubric's"
    suggested = rows["3 of 5 seeds"][2]
    assert suggested is not None
    assert suggested.mark == "suggested"
    # Two-epoch runs have no three last epochs: nobody passes, so everybody fails.
    lost = rows["3 of 5 seeds"][3]
    assert lost is not None
    assert (lost.rate, lost.icon) == ("100 %", "✕")
    price = dict(shown.passed.rows)["one seed"][0]
    assert price is not None
    assert (price.rate, price.icon) == ("10 %", "")


def test_hostile_titles_stay_text() -> None:
    calibration = realistic()
    hostile = "<script>alert(1)</script>\u202e"
    model = calibration.models[0].model_copy(update={"title": hostile, "recipe": hostile})
    text = to_html(calibration.model_copy(update={"models": (model, *calibration.models[1:])}))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟪U+202E⟫" in text


def test_a_model_of_which_nothing_is_known_is_shown_and_does_not_count() -> None:
    assert published(accuracy=None).accuracies == ()
    calibration = realistic()
    unknown = calibration.models[2].model_copy(update={"expected": "unknown", "why": "No accuracy was published."})
    shown = page(calibration.model_copy(update={"models": (*calibration.models[:2], unknown), "otherwise": None}))
    assert shown.models[2].expected == "not known"
    assert shown.counted == "The worst rate over the models that should pass: wide, deep."
