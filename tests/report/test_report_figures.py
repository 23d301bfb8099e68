"""Figures: right numbers, right pictures, well-formed SVG without style attributes."""

import base64
import io
import re
from xml.etree import ElementTree

import pytest
from handwriting import drawing
from PIL import Image
from report_factory import CLASS_SIZES, HIT, MISS, evaluation, facts, run

from grader.model.facts import ReceptiveFieldFacts
from grader.report.figures.confusion import confusion_matrix
from grader.report.figures.curves import accuracy_panel, loss_panel
from grader.report.figures.digit import picture
from grader.report.figures.png import png
from grader.report.figures.points import points_ring
from grader.report.figures.receptive_field import growth, growth_bar, nested_squares


def elements(svg: str, class_: str) -> list[ElementTree.Element]:
    return [part for part in ElementTree.fromstring(svg).iter() if class_ in part.get("class", "").split()]


def all_figures() -> dict[str, str]:
    return {
        "ring": points_ring(90, 100),
        "squares": nested_squares(facts()),
        "bar": growth_bar(16, 40, 28),
        "accuracy": accuracy_panel(run(0, HIT), 0.994),
        "loss": loss_panel(run(0, HIT)),
        "confusion": confusion_matrix(evaluation(54).confusion),
    }


@pytest.mark.parametrize("name", all_figures())
def test_figures_are_well_formed_named_and_free_of_style(name: str) -> None:
    root = ElementTree.fromstring(all_figures()[name])
    assert not [part for part in root.iter() if part.get("style")]
    if name == "bar":
        assert root.get("aria-hidden") == "true"  # the number stands beside it
        return
    assert root.get("role") == "img"
    named = {part.get("id"): part.text for part in root.iter() if part.get("id")}
    assert all(named[identity] for identity in root.get("aria-labelledby").split())


def test_a_png_holds_exactly_the_pixels() -> None:
    pixels = bytes(range(256)) * 3 + bytes(16)
    shown = Image.open(io.BytesIO(png(pixels, 28, 28)))
    shown.load()
    assert (shown.mode, shown.size, shown.tobytes()) == ("L", (28, 28), pixels)


def test_a_digit_becomes_a_data_uri() -> None:
    uri = picture(drawing(4, 1))
    assert uri.startswith("data:image/png;base64,")
    shown = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert shown.tobytes() == base64.b64decode(drawing(4, 1))


@pytest.mark.parametrize("image", ["", "not base64!", base64.b64encode(bytes(783)).decode(), "A" * 10_000, "é"])
def test_what_is_not_a_digit_is_left_out(image: str) -> None:
    assert picture(image) is None


def test_a_png_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="783 bytes"):
        png(bytes(783), 28, 28)


def test_growth_is_that_of_the_layers_up_to_the_head() -> None:
    assert growth(facts()) == tuple((size, size) for size in (3, 5, 6, 10, 14, 16, 24, 32, 40))
    small = facts().model_copy(
        update={"receptive_field": ReceptiveFieldFacts(before_head=(14, 16), jump=2, covers_input=False, gated=False)}
    )
    assert growth(small)[-1] == (14, 16)
    assert max(growth(small)) == (14, 16)


def test_squares_are_to_scale() -> None:
    svg = nested_squares(facts())
    widths = {
        part.get("class"): float(part.get("width")) for part in ElementTree.fromstring(svg).iter() if part.get("width")
    }
    pixel = widths["rf-last"] / 40
    assert widths["rf-image"] / pixel == pytest.approx(28, abs=0.01)
    assert widths["rf-digit"] / pixel == pytest.approx(20, abs=0.01)
    steps = [float(part.get("width")) / pixel for part in elements(svg, "rf-step")]
    assert [round(step) for step in steps] == [3, 5, 6, 10, 14, 16, 24, 32]


def test_without_a_spatial_path_nothing_is_drawn() -> None:
    none = ReceptiveFieldFacts(before_head=None, jump=None, covers_input=False, gated=False)
    assert nested_squares(facts().model_copy(update={"receptive_field": none})) is None
    assert growth_bar(None, 40, 28) == ""


def test_the_best_epoch_and_the_target_are_marked_where_they_are() -> None:
    svg = accuracy_panel(run(0, HIT), 0.994)
    (best,) = elements(svg, "best")
    dots = elements(svg, "dot")
    assert (best.get("cx"), best.get("cy")) == (dots[11].get("cx"), dots[11].get("cy"))
    (target,) = elements(svg, "target")
    heights = [float(part.get("cy")) for part in dots]
    above = [index for index, height in enumerate(heights) if height <= float(target.get("y1"))]
    assert above == [index for index, value in enumerate(HIT) if value >= 0.994]
    assert elements(accuracy_panel(run(0, HIT, target=None), None), "target") == []


def test_training_and_evaluation_differ_without_colour() -> None:
    svg = accuracy_panel(run(0, MISS), 0.994)
    assert len(elements(svg, "training")) == 1  # one dashed line, no dots
    assert len(elements(svg, "evaluation")) == 1 + len(MISS)  # a line and its dots


@pytest.mark.parametrize("accuracies", [(0.951,), (0.1, 0.1, 0.1), (1.0, 1.0), (0.0, 0.9999, 1.0), HIT * 30])
def test_curves_stay_inside_their_panel(accuracies: tuple[float, ...]) -> None:
    for svg in (accuracy_panel(run(0, accuracies), 0.994), loss_panel(run(0, accuracies))):
        root = ElementTree.fromstring(svg)
        _, _, width, height = map(float, root.get("viewBox").split())
        for part in root.iter():
            for name, most in (
                ("cx", width),
                ("cy", height),
                ("x1", width),
                ("x2", width),
                ("y1", height),
                ("y2", height),
            ):
                assert 0 <= float(part.get(name, 0)) <= most
            for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", part.get("d", "")):
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_epochs_without_a_loss_break_the_line() -> None:
    epochs = [
        epoch.model_copy(update={"train_loss": None if index in (4, 5) else 0.1})
        for index, epoch in enumerate(run(0, HIT).epochs)
    ]
    svg = loss_panel(run(0, HIT, epochs=tuple(epochs)))
    assert len([part for part in elements(svg, "training") if part.get("d")]) == 2


def test_the_confusion_matrix_shows_every_count() -> None:
    matrix = evaluation(54).confusion
    svg = confusion_matrix(matrix)
    numbers = [int(part.text) for part in elements(svg, "cell-text")]
    assert numbers == [number for row in matrix for number in row if number]
    assert sum(numbers) == sum(CLASS_SIZES)
    strengths = [float(part.get("fill-opacity")) for part in elements(svg, "cell-wrong")]
    assert max(strengths) <= 0.45  # the ink on it stays readable
    assert "9946 images right" in svg.replace(",", "")


@pytest.mark.parametrize("matrix", [(), ((1,),), ((1, 0), (0,)), tuple((0,) * 30 for _ in range(30))])
def test_a_matrix_that_can_not_be_drawn_is_left_out(matrix: tuple[tuple[int, ...], ...]) -> None:
    assert confusion_matrix(matrix) is None


@pytest.mark.parametrize(("earned", "most", "filled"), [(0, 100, None), (50, 100, 0.5), (105, 100, 1.0), (3, 0, None)])
def test_the_ring_is_filled_by_the_share(earned: float, most: float, filled: float | None) -> None:
    arcs = elements(points_ring(earned, most), "ring-fill")
    if filled is None:
        assert arcs == []
    else:
        length, around = map(float, arcs[0].get("stroke-dasharray").split())
        assert length / around == pytest.approx(filled, abs=1e-3)
