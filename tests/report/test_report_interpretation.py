"""The look into a model: what is drawn is what was recorded, pixel by pixel."""

import base64
import io
from xml.etree import ElementTree

import pytest
from handwriting import drawing
from PIL import Image
from report_factory import HIT, evaluation, failing_static, filters, interrupted, passing, report, run, training

from grader.model.report import GradeReport
from grader.model.training import Evaluation, Filter
from grader.report.figures.class_bar import class_bar
from grader.report.figures.filters import NEGATIVE, POSITIVE, kernel, magnification, scale_bar
from grader.report.figures.png import Picture
from grader.report.figures.saliency import HEAT, overlay
from grader.report.html import to_html
from grader.report.markdown import to_markdown
from grader.report.view.interpretation import interpretation_view


def shown(picture: Picture | None) -> Image.Image:
    assert picture is not None
    opened = Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2])))
    opened.load()
    return opened


def map_of(**pixels: int) -> str:
    """28×28 bytes, all zero but those: `map_of(p0=255)`."""
    values = bytearray(784)
    for name, value in pixels.items():
        values[int(name[1:])] = value
    return base64.b64encode(bytes(values)).decode()


def with_evaluation(**changes: object) -> GradeReport:
    found = evaluation(54).model_copy(update=changes)
    return report(training=training(run(1, HIT, evaluation=Evaluation.model_validate(found.model_dump()))))


def test_an_overlay_is_heat_over_ink_on_nothing() -> None:
    opened = shown(overlay(map_of(p1=255, p3=255), map_of(p2=255, p3=255)))
    assert (opened.mode, opened.size) == ("RGBA", (28, 28))
    nothing, ink, heat, both = (opened.getpixel((column, 0)) for column in range(4))
    assert nothing == (0, 0, 0, 0)
    assert ink == (128, 128, 128, round(255 * 0.55))
    assert heat == both == (*HEAT, 255)  # the largest gradient hides what is below


def test_more_heat_is_more_opaque() -> None:
    strengths = {f"p{value}": value for value in range(256)}
    opened = shown(overlay(map_of(), map_of(**strengths)))
    opacities = [opened.getpixel((index % 28, index // 28))[3] for index in range(256)]
    assert opacities == sorted(opacities)
    assert (opacities[0], opacities[255]) == (0, 255)


@pytest.mark.parametrize("heat", ["", "nonsense!", base64.b64encode(bytes(100)).decode()])
def test_what_is_no_map_is_not_drawn(heat: str) -> None:
    assert overlay(drawing(3, 1), heat) is None
    assert overlay(heat, drawing(3, 1)) is None


def test_a_kernel_is_blue_below_zero_and_orange_above() -> None:
    opened = shown(kernel(Filter(height=2, width=2, weights=(-1.0, 0.5, 0.0, 2.0)), 2.0))
    assert opened.size == (2, 2)
    pixels = [opened.getpixel((column, row)) for row in range(2) for column in range(2)]
    assert pixels[0] == (*NEGATIVE, 128)
    assert pixels[1] == (*POSITIVE, 64)
    assert pixels[2][3] == 0
    assert pixels[3] == (*POSITIVE, 255)


def test_kernels_of_nothing_but_zeros_are_empty() -> None:
    opened = shown(kernel(Filter(height=1, width=3, weights=(0.0, 0.0, 0.0)), 0.0))
    assert {opened.getpixel((column, 0))[3] for column in range(3)} == {0}


@pytest.mark.parametrize(("height", "width", "count"), [(3, 3, 8), (0, 0, 0), (2, 2, 0)])
def test_a_kernel_that_lacks_weights_is_not_drawn(height: int, width: int, count: int) -> None:
    assert kernel(Filter(height=height, width=width, weights=(0.1,) * count), 1.0) is None


@pytest.mark.parametrize(("height", "width", "times"), [(3, 3, 16), (5, 5, 9), (28, 28, 2), (1, 1, 24), (1, 9, 5)])
def test_kernels_are_shown_by_whole_pixels(height: int, width: int, times: int) -> None:
    assert magnification(Filter(height=height, width=width, weights=(0.0,) * (height * width))) == times


def test_a_large_picture_needs_several_blocks_and_is_whole() -> None:
    pixels = bytes(index % 251 for index in range(200 * 150 * 4))
    assert shown(Picture(200, 150, pixels)).tobytes() == pixels


def test_the_scale_has_nothing_in_its_middle() -> None:
    cells = [part for part in ElementTree.fromstring(scale_bar()) if part.get("class")]
    opacities = [float(cell.get("fill-opacity")) for cell in cells]
    assert opacities == opacities[::-1]
    assert (opacities[0], opacities[len(cells) // 2]) == (1.0, 0.0)
    assert {cell.get("class") for cell in cells[:8]} == {"weight-negative"}
    assert {cell.get("class") for cell in cells[9:]} == {"weight-positive"}


def test_bars_are_to_one_scale() -> None:
    def width(share: float, largest: float) -> float:
        bars = list(ElementTree.fromstring(class_bar(share, largest)))
        return float(bars[0].get("width")) if bars else 0.0

    assert (width(0.02, 0.02), width(0.01, 0.02), width(0.0, 0.02), width(0.0, 0.0)) == (120, 60, 0, 0)


def test_each_class_has_its_accuracy_and_its_mistakes() -> None:
    view = interpretation_view(with_evaluation(confusion=((9, 1, 0), (0, 8, 2), (0, 0, 5)), images=25).training)
    rows = [(row.label, row.accuracy, row.wrong, row.share) for row in view.classes.rows]
    assert rows == [(0, "90.00 %", "1 of 10", 0.1), (1, "80.00 %", "2 of 10", 0.2), (2, "100.00 %", "0 of 5", 0.0)]
    assert view.worst == "Hardest is 1 with 80.00 %, 2 of 10 wrong; 1 of 3 classes has no mistake."


@pytest.mark.parametrize(
    ("confusion", "sentence"),
    [
        (((5, 0), (0, 5)), "Every image of every class was read right."),
        (((4, 1), (2, 3)), "Hardest is 1 with 60.00 %, 2 of 5 wrong; easiest is 0 with 80.00 %."),
        (((0, 0), (0, 5)), "Every image of every class was read right."),  # a class without an image
    ],
)
def test_the_classes_in_a_sentence(confusion: tuple[tuple[int, ...], ...], sentence: str) -> None:
    assert interpretation_view(with_evaluation(confusion=confusion).training).worst == sentence


def test_of_many_classes_the_worst_are_shown() -> None:
    matrix = tuple(
        tuple(10 if row == column else int(row > 20 and column == 0) for column in range(40)) for row in range(40)
    )
    classes = interpretation_view(with_evaluation(confusion=matrix).training).classes
    assert ([row.label for row in classes.rows], classes.left_out) == ([*range(21, 40), 0], 20)


def test_filters_say_what_they_are_and_what_is_left_out() -> None:
    def said(**changes: object) -> tuple[str, str, str]:
        found = interpretation_view(with_evaluation(**changes).training).filters
        return found.number, found.name, found.note

    assert said() == ("The 8 kernels of 3×3", "conv1", "")
    many = said(filters=filters(64, 1), filters_total=128, filters_channels=3)
    assert many == ("The first 64 of 128 kernels of 3×3", "conv1", "; of their 3 input channels the first")
    assert said(filters=filters(1, 1), filters_total=1, filters_of="") == ("The 1 kernel of 3×3", "", "")


def test_saliency_without_its_mistake_is_left_out() -> None:
    whole = evaluation(54)
    view = interpretation_view(with_evaluation(mistakes=whole.mistakes[1:]).training)
    assert [one.index for one in view.saliency] == [one.index for one in whole.saliency[1:]]


def test_every_picture_says_what_it_shows() -> None:
    html = to_html(passing())
    (mistake, *_) = evaluation(54).mistakes
    assert f"the pixels that spoke for {mistake.predicted}, the prediction" in html
    assert f"the pixels that spoke for {mistake.label}, the true class" in html
    assert html.count('alt="Kernel ') == 8


def test_a_report_without_a_look_has_no_section() -> None:
    assert 'id="interpretation"' not in to_html(failing_static())
    bare = to_html(with_evaluation(filters=(), saliency=()))
    assert "Accuracy by class" in bare
    assert "First-layer filters" not in bare
    assert "surest mistakes" not in bare
    assert 'id="interpretation"' in to_html(interrupted())


def test_names_of_layers_are_escaped() -> None:
    """A name with a backtick in it stays one code span."""
    given = with_evaluation(filters_of="x<script>`**\u202e")
    assert "<script>" not in to_html(given)
    assert "<code>x&lt;script&gt;`**⟪U+202E⟫</code>" in to_html(given)
    assert "of the first convolution ``x<script>`**⟪U+202E⟫`` are drawn" in to_markdown(given)


def test_markdown_has_one_column_per_class() -> None:
    text = to_markdown(passing())
    assert "| Class | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |" in text
    (wrong,) = [line for line in text.splitlines() if line.startswith("| Wrong |")]
    assert wrong.count(" of ") == 10


def test_the_largest_report_stays_small() -> None:
    large = tuple(Filter(height=28, width=28, weights=(0.1,) * 784) for _ in range(20))
    many = tuple(Filter(height=16, width=16, weights=(0.1,) * 256) for _ in range(64))
    for kernels in (large, many):
        assert len(to_html(with_evaluation(filters=kernels))) < 600_000
