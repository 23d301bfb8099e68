"""Receptive fields: of the model, of a layer, and in tables. Nets whose every value is worked out by hand."""

from collections.abc import Callable

import pytest
from torch import nn

from grader.analysis.claims.verify import check_claims
from grader.model.claims import Claim, FieldRow, FieldTableClaim, Figure, ReceptiveFieldClaim
from grader.model.facts import Facts, ReceptiveFieldFacts
from grader.model.submission import Location
from grader.model.training import Training


def says(value: float, relation: str = "exactly", layer: str = "") -> ReceptiveFieldClaim:
    return ReceptiveFieldClaim(figure=Figure(value=value, relation=relation), layer=layer)


class Pooled(nn.Module):
    """1, conv 3, pool 4 (jump 2), conv 8, pool 10 (jump 4), conv 18; an adaptive pool 7→3 with kernel 3 adds 8."""

    def __init__(self, keep: int = 3) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.conv3, self.norm = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.pool, self.average = nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(keep)
        self.fc = nn.Linear(6 * keep * keep, 10)

    def forward(self, x):
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc(self.average(self.norm(self.conv3(x))).flatten(1))


@pytest.fixture
def kept(measured) -> Facts:
    return measured(Pooled)


@pytest.fixture
def gap(measured) -> Facts:
    return measured(lambda: Pooled(keep=1))


def test_the_model_is_what_its_head_begins_with(judge, kept: Facts) -> None:
    checked = judge(says(18), kept)
    assert (checked.verdict, checked.measured, checked.measured_value) == ("confirmed", "18 px", 18)
    assert judge(says(20, "about"), kept).verdict == "confirmed"
    assert judge(says(18, "more_than"), kept).verdict == "contradicted"


def test_a_value_that_is_right_elsewhere(judge, kept: Facts, gap: Facts) -> None:
    after = judge(says(26), kept)
    assert after.verdict == "ambiguous"
    assert "It is right after average. Pooling a map whole looks at all of it" in after.explanation
    # global: a kernel of 7 on jump 4
    assert judge(says(18 + 6 * 4), gap).verdict == "ambiguous"
    earlier = judge(says(8), kept)
    assert earlier.verdict == "contradicted"
    assert earlier.explanation == (
        "It says 8 pixels; where the head begins it is 18. It is right after conv2, which is not the last layer that"
        " adds to it."
    )
    nowhere = judge(says(14), kept)
    assert (nowhere.verdict, nowhere.measured) == ("contradicted", "18 px")


def test_the_image_is_not_the_limit(judge, tiny: Facts) -> None:
    large = tiny.model_copy(
        update={"receptive_field": ReceptiveFieldFacts(before_head=40, jump=4, covers_input=True, gated=False)}
    )
    checked = judge(says(28), large)
    assert checked.verdict == "contradicted"
    assert checked.explanation.endswith("Pixels beyond the border count, as in the textbook.")
    gated = large.model_copy(
        update={"receptive_field": ReceptiveFieldFacts(before_head=20, jump=4, covers_input=False, gated=True)}
    )
    assert judge(says(28), gated).verdict == "ambiguous"
    uneven = ReceptiveFieldFacts(before_head=(20, 16), jump=4, covers_input=False, gated=False)
    assert judge(says(16), large.model_copy(update={"receptive_field": uneven})).verdict == "ambiguous"
    none = ReceptiveFieldFacts(before_head=None, jump=None, covers_input=False, gated=False)
    assert judge(says(28), large.model_copy(update={"receptive_field": none})).verdict == "not_checkable"


def test_after_one_layer(judge, kept: Facts) -> None:
    assert judge(says(8, layer="conv2"), kept).verdict == "confirmed"
    wrong = judge(says(9, layer="Conv2"), kept)
    assert (wrong.verdict, wrong.explanation) == ("contradicted", "It says 9 pixels; after conv2 it is 8 px.")
    # the pool is called twice: either value will do
    assert judge(says(4, layer="pool"), kept).verdict == "confirmed"
    assert judge(says(10, layer="pool"), kept).verdict == "confirmed"
    assert judge(says(5, layer="pool"), kept).measured == "4 and 10 px"
    assert judge(says(5, layer="conv9"), kept).verdict == "not_checkable"


# layer, kernel, stride, input, output, jump in, jump out, receptive field
RIGHT = (
    ("Input", None, None, None, 28, None, 1, 1),
    ("Conv1 3x3", 3, 1, 28, 28, 1, 1, 3),
    ("ReLU", None, None, 28, 28, 1, 1, 3),
    ("MaxPool", 2, 2, 28, 14, 1, 2, 4),
    ("Conv2", 3, 1, 14, 14, 2, 2, 8),
    ("MaxPool", 2, 2, 14, 7, 2, 4, 10),
    ("Conv3", 3, 1, 7, 7, 4, 4, 18),
    ("BatchNorm", None, None, 7, 7, 4, 4, 18),
)
FIELDS = ("layer", "kernel", "stride", "size_in", "size_out", "jump_in", "jump_out", "receptive_field")
Rows = tuple[tuple[object, ...], ...]


def table(rows: Rows, first_line: int = 40) -> FieldTableClaim:
    return FieldTableClaim(
        rows=tuple(
            FieldRow.model_validate(dict(zip(FIELDS, row, strict=True)) | {"line": first_line + index})
            for index, row in enumerate(rows)
        )
    )


def changed(index: int, **values: object) -> Rows:
    row = dict(zip(FIELDS, RIGHT[index], strict=True)) | values
    return (*RIGHT[:index], tuple(row.values()), *RIGHT[index + 1 :])


def test_a_table_that_is_right(judge, kept: Facts) -> None:
    rows = (*RIGHT, ("AdaptiveAvgPool", 3, 2, 7, 3, 4, 8, 26), ("FC", None, None, None, None, None, None, None))
    assert judge(table(rows), kept).measured == "6 of 6 rows right"
    assert judge(table(rows), kept).verdict == "confirmed"
    assert judge(table(RIGHT[1:7]), kept).verdict == "ambiguous"  # the pool that makes it 26 is not in it


@pytest.mark.parametrize("last", [42, 18], ids=["of the pool", "unchanged"])
def test_a_pool_of_the_whole_map_may_stand_in_two_ways(judge, gap: Facts, last: int) -> None:
    for rows in (RIGHT, (*RIGHT, ("GAP", 7, 1, 7, 1, 4, 4, last))):
        assert judge(table(rows), gap).verdict == "confirmed"
    wrong = judge(table((*RIGHT, ("GAP", 7, 1, 7, 1, 4, 4, 28))), gap)
    assert wrong.explanation == "In line 48, the receptive field of GAP (average in the model) is 42, not 28."


@pytest.mark.parametrize(
    ("index", "values", "words"),
    [
        (6, {"receptive_field": 14}, "In line 46, the receptive field of Conv3 (conv3 in the model) is 18, not 14."),
        (4, {"kernel": 5}, "In line 44, the kernel of Conv2 (conv2 in the model) is 3, not 5."),
        (3, {"stride": 1}, "In line 43, the stride of MaxPool (pool in the model) is 2, not 1."),
        (5, {"size_in": 13}, "In line 45, the size of the input of MaxPool (pool in the model) is 14, not 13."),
        (5, {"size_out": 6}, "In line 45, the size of the output of MaxPool (pool in the model) is 7, not 6."),
        (6, {"jump_in": 2}, "In line 46, the jump before it of Conv3 (conv3 in the model) is 4, not 2."),
        (3, {"jump_out": 1}, "In line 43, the jump of MaxPool (pool in the model) is 2, not 1."),
    ],
)
def test_a_table_that_lies_is_contradicted_with_its_line(
    judge, gap: Facts, index: int, values: dict[str, object], words: str
) -> None:
    checked = judge(table(changed(index, **values)), gap)
    assert (checked.verdict, checked.explanation) == ("contradicted", words)
    assert checked.measured == "4 of 5 rows right"


def test_an_error_that_goes_on_is_told_once(judge, gap: Facts) -> None:
    rows = tuple((*row[:7], row[7] + 2 if row[7] >= 4 else row[7]) for row in RIGHT)
    checked = judge(table(rows), gap)
    assert checked.explanation == (
        "In line 43, the receptive field of MaxPool (pool in the model) is 4, not 6. 3 other rows are wrong too."
    )


def test_rows_that_are_missing_or_too_many_do_not_shift_the_rest(judge, gap: Facts) -> None:
    without_pool = (*RIGHT[:3], *RIGHT[4:])
    assert judge(table(without_pool), gap).verdict == "confirmed"
    with_dropout = (*RIGHT[:5], ("Dropout", None, None, 14, 14, 2, 2, 8), *RIGHT[5:])
    assert judge(table(with_dropout), gap).verdict == "confirmed"
    names_only_fields = tuple((row[0], *(None,) * 6, row[7]) for row in RIGHT)
    assert judge(table(names_only_fields), gap).verdict == "confirmed"


def test_rows_without_the_last_convolution_are_not_the_whole_truth(judge, gap: Facts) -> None:
    checked = judge(table(RIGHT[:6]), gap)
    assert checked.verdict == "ambiguous"
    assert checked.explanation == ("Its rows are right, but conv3 is not in it, after which the receptive field is 18.")


def test_a_table_of_another_model_is_ambiguous(judge, gap: Facts, tiny: Facts) -> None:
    other: Rows = tuple(("conv", 7, 2, None, None, None, None, 7 + 6 * step) for step in range(5))
    checked = judge(table(other), gap)
    assert checked.verdict == "ambiguous"
    assert "The table has 5 rows of convolutions and pools, the model 6 such layers" in checked.explanation
    assert judge(FieldTableClaim(rows=()), gap).verdict == "ambiguous"
    assert judge(table(RIGHT), tiny).verdict == "not_checkable"


def test_the_sizes_before_a_layer_are_not_guessed_where_paths_meet(judge, measured: Callable[..., Facts]) -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.wide = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.narrow, self.fc = nn.Conv2d(4, 4, 1), nn.Linear(4, 10)

        def forward(self, x):
            x = self.stem(x)
            return self.fc((self.wide(x) + self.narrow(x)).mean((2, 3)))

    rows: Rows = (
        ("stem conv", 3, 1, 28, 28, 1, 1, 3),
        ("wide conv", 3, 1, 99, 28, 1, 1, 5),
        ("narrow conv", 1, 1, 99, 28, 1, 1, 3),
    )
    assert judge(table(rows), measured(Branches)).verdict == "confirmed"


def test_a_very_long_table_is_cut(judge, gap: Facts) -> None:
    rows = RIGHT[1:7] + tuple(("conv", 3, 1, None, None, None, None, None) for _ in range(5_000))
    assert judge(table(rows), gap).verdict == "ambiguous"


def test_rows_that_lie_do_not_slip_past_their_layer(judge, gap: Facts) -> None:
    """conv3's row claims conv2's field, so that leaving a row out would make everything agree."""
    rows: Rows = tuple((row[0], None, None, None, row[4], None, None, row[7]) for row in RIGHT[1:6])
    lying = (*rows, ("conv3", None, None, None, 7, None, None, 14), ("conv4", None, None, None, 7, None, None, 18))
    checked = judge(table(lying), gap)
    assert checked.explanation == "In line 45, the receptive field of conv3 is 18, not 14."


def test_what_comes_after_the_pool_of_the_whole_map_may_be_unchanged_too(judge, measured) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.AvgPool2d(24), nn.Conv2d(4, 10, 1), nn.Flatten())
    for last in (5, 28):
        rows = tuple((name, None, None, None, None, None, None, field) for name, field in (
            ("conv", 3), ("conv", 5), ("gap", last), ("", last)
        ))  # fmt: skip
        named = FieldTableClaim(
            rows=tuple(row.model_copy(update={"kernel": 1}) if not row.layer else row for row in table(rows).rows)
        )
        assert judge(named, measured(lambda: net)).verdict == "confirmed"
    wrong = table(tuple((name, None, None, None, None, None, None, field) for name, field in (("conv", 3), ("", 7))))
    assert judge(wrong, measured(lambda: net)).explanation == "In line 41, the receptive field of 1 is 5, not 7."


def test_a_comment_speaks_of_the_layer_beside_it(judge, gap: Facts) -> None:
    right = judge(says(8), gap, source="comment")
    assert (right.verdict, right.measured, right.explanation) == ("confirmed", "8 px", "It is right after conv2.")
    assert judge(says(9), gap, source="comment").verdict == "ambiguous"
    assert judge(says(8), gap, source="docstring").verdict == "contradicted"


def test_a_hostile_number_of_tables_and_length_of_names_is_bounded(gap: Facts) -> None:
    rows = tuple(
        row.model_copy(update={"layer": "conv" + "x\n" * 50_000}) for row in table(changed(6, receptive_field=1)).rows
    )
    claim = Claim(
        statement=FieldTableClaim(rows=rows),
        text="a table",
        location=Location(file="README.md"),
        source="readme",
        about="graded",
    )
    checked = check_claims([claim] * 40, gap, Training(status="not_requested"))
    assert max(len(one.explanation) for one in checked) < 300
    several = check_claims([claim.model_copy() for _ in range(25)], gap, Training(status="not_requested"))
    assert several[20].verdict == "not_checkable"
    assert several[20].explanation == "Only the first 20 tables were looked at."
    assert several[19].verdict != "not_checkable"
