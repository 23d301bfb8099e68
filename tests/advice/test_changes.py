"""What each change is said to come to is what the network that was really changed measures."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from advice_nets import Flattened, Joined, Plain, Residual
from asking import asked, rubric
from torch import nn
from torch.nn import functional as F

from grader.advice import propose as proposing
from grader.analysis.measure import measure
from grader.model.facts import Facts
from grader.model.outcome import Change
from grader.model.submission import Location

Ask = Callable[..., tuple[Change, ...]]
Measure = Callable[[nn.Module], Facts]


def total(change: Change) -> int:
    """The parameters that a change is said to leave."""
    found = re.findall(r"([\d,]+)(?: parameters?\b| in all)", change.effect)
    return int(found[-1].replace(",", ""))


def test_one_layer_loses_as_few_channels_as_will_do(ask: Ask, measured: Measure) -> None:
    # 8·9+8 + 16 + 8·16·9+16 + 16·12·9+12 + 130: 3,134; a channel of `second` is worth 8·9+1 + 12·9 = 181 of them
    assert measured(Plain()).parameters.total == 3_134
    first, second = ask(Plain(), "parameters", less_than=3_000)
    assert first.what == "Give `second` 15 channels instead of 16, and what reads them as many inputs."
    assert total(first) == measured(Plain(b=15)).parameters.counted == 3_134 - 181
    assert first.effect == "The model would have 2,953 parameters, with room for 46 more."
    assert first.code == ("nn.Conv2d(8, 15, 3, padding=1)",)
    assert second.what.startswith("Give `third` 11 channels instead of 12")
    assert total(second) == measured(Plain(c=11)).parameters.counted
    assert all(change.measured and not change.hinders for change in (first, second))


@pytest.mark.parametrize("limit", [3_134, 2_954, 2_953, 2_000])
def test_the_limit_is_met_exactly(limit: int, ask: Ask, measured: Measure) -> None:
    for change in ask(Plain(), "parameters", less_than=limit):
        assert total(change) < limit
        if match := re.match(r"Give `second` (\d+) channels", change.what):
            width = int(match[1])
            assert total(change) == measured(Plain(b=width)).parameters.counted
            assert measured(Plain(b=width + 1)).parameters.counted >= limit


def test_where_the_line_is_known_it_is_named(ask: Ask) -> None:
    place = Location(file="net.py", line=12)
    first, *_ = ask(Plain(), "parameters", less_than=3_000, made_at={"second": place})
    assert (first.location, "`second` (net.py:12)" in first.what) == (place, True)


def test_a_bias_before_a_batch_norm_goes_first(ask: Ask) -> None:
    first, *_ = ask(Plain(), "parameters", less_than=3_134)
    assert first.what.startswith("Give the convolutions before a batch norm no bias (`first`)")
    assert first.code == ("nn.Conv2d(1, 8, 3, padding=1, bias=False)",)
    assert total(first) == 3_134 - 8


def test_layers_that_are_added_are_cut_together(ask: Ask, measured: Measure) -> None:
    before = measured(Residual()).parameters.counted
    changes = ask(Residual(), "parameters", less_than=before - 120)
    (tied,) = [change for change in changes if "together" in change.what]
    width = int(re.search(r"(\d+) channels", tied.what)[1])  # type: ignore[index]
    assert "`stem` and `inner`" in tied.what
    assert total(tied) == measured(Residual(a=width)).parameters.counted


def test_a_pooled_head_saves_what_the_flattened_maps_cost(ask: Ask, measured: Measure) -> None:
    # 26·8 + (8·12·12·32 + 32) + 330 is 37,434; with one input for each channel it is 826
    changes = ask(Flattened(), "parameters", less_than=1_000)
    (pooled,) = [change for change in changes if "global average pooling" in change.what]
    assert total(pooled) == measured(Flattened(pooled=True)).parameters.counted == 826
    assert "of the 1152 values" in pooled.what
    assert pooled.code[-1] == "nn.Linear(8, 32)"


def test_a_pool_and_fewer_channels_where_the_pool_is_not_enough(ask: Ask, measured: Measure) -> None:
    changes = ask(Flattened(), "parameters", less_than=800)
    (both,) = [change for change in changes if "global average pooling" in change.what]
    match = re.search(r"And give `(\w+)` (\d+)", both.what)
    assert match is not None
    built = {"conv": "a", "hidden": "hidden"}[match[1]]
    assert total(both) == measured(Flattened(pooled=True, **{built: int(match[2])})).parameters.counted


def test_a_pool_keeps_the_dropout_behind_it(ask: Ask) -> None:
    changes = ask(Flattened(), "parameters", less_than=1_000, others=[("dropout", {})])
    assert all("dropout" not in change.hinders for change in changes)


class Idle(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.extra = nn.Linear(20, 20)


def test_what_is_never_used_goes_first(ask: Ask) -> None:
    first, *_ = ask(Idle(), "parameters", less_than=3_500)
    assert first.what == "Delete what is made and never used: `extra`."
    assert total(first) == 3_134


def test_all_layers_are_cut_where_one_would_lose_too_much(ask: Ask, measured: Measure) -> None:
    (change,) = ask(Plain(), "parameters", less_than=400)
    kept = [int(width) for width in re.findall(r"(\d+) instead of", change.what)]
    assert total(change) == measured(Plain(*kept)).parameters.counted < 400


def test_no_width_makes_up_for_what_counts_besides(ask: Ask) -> None:
    assert ask(Plain(), "parameters", less_than=1) == ()


class Seeing(nn.Module):
    """Plain's convolutions with another receptive field: a pool before `third`, more layers, a dilation, a kernel."""

    def __init__(self, pools: int = 0, more: int = 0, dilation: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.more = nn.Sequential(*[nn.Conv2d(8, 8, 3, padding=1) for _ in range(more)])
        padding = dilation * (kernel - 1) // 2
        self.third, self.pools = nn.Conv2d(8, 10, kernel, padding=padding, dilation=dilation), pools

    def forward(self, x: Any) -> Any:
        x = F.relu(self.second(F.max_pool2d(F.relu(self.first(x)), 2)))
        for _ in range(self.pools):
            x = F.max_pool2d(x, 2)
        return F.log_softmax(self.third(self.more(x)).mean((2, 3)), dim=1)


@pytest.fixture(scope="module")
def seen() -> Iterator[tuple[Change, ...]]:
    """All that is proposed for 16 pixels where 12 are seen."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(proposing, "MOST_CHANGES", 9)
        yield asked(Seeing(), "receptive_field", at_least=16)


@pytest.mark.parametrize(
    ("start", "network"),
    [
        ("Put a pool of 2×2 before `third`", Seeing(pools=1)),
        ("Give `third` a dilation of 2 and a padding of 2", Seeing(dilation=2)),
        ("Put one more convolution of 3×3 with 8 channels before `third`", Seeing(more=1)),
        ("Let the kernels of `third` be 5×5 instead of 3×3", Seeing(kernel=5)),
    ],
)
def test_a_wider_field_is_what_the_changed_network_has(
    start: str, network: nn.Module, seen: tuple[Change, ...], measured: Measure
) -> None:
    # 3 + 2 + 1 + 2·2 + 2·2 is less than 16; each of the four changes is measured on the network that has it
    (change,) = [one for one in seen if one.what.startswith(start)]
    real = measured(network)
    field = real.receptive_field.before_head
    assert field is not None and field >= 16  # type: ignore[operator]
    assert f"each value would see {field}×{field} pixels" in change.effect
    assert total(change) == real.parameters.counted


class Blocks(nn.Module):
    def __init__(self, number: int = 0) -> None:
        super().__init__()
        blocks = [module for _ in range(number) for module in (nn.Conv2d(4, 4, 3, padding=1), nn.MaxPool2d(2))]
        self.maps, self.fc = nn.Sequential(nn.Conv2d(1, 4, 3), *blocks), nn.Linear(4, 10)

    def forward(self, x: Any) -> Any:
        return self.fc(self.maps(x).mean((2, 3)))


@pytest.mark.parametrize(("at_least", "number", "field"), [(17, 3, 24), (12, 2, 12), (24, 3, 24)])
def test_blocks_where_much_is_missing(
    at_least: int, number: int, field: int, ask: Ask, measured: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a block adds (2 + 1)·jump to 3 pixels: 6, 12, 24
    monkeypatch.setattr(proposing, "MOST_CHANGES", 9)
    (change,) = [one for one in ask(Blocks(), "receptive_field", at_least=at_least) if "blocks" in one.what]
    real = measured(Blocks(number))
    assert change.what.startswith(f"Put {number} blocks of a 3×3 convolution with 4 channels and a 2×2 pool right")
    assert real.receptive_field.before_head == field
    assert f"each value would see {field}×{field} pixels" in change.effect
    assert total(change) == real.parameters.counted


def test_a_change_at_another_criterions_expense_says_so_and_stands_last(ask: Ask, measured: Measure) -> None:
    spent = measured(Seeing()).parameters.counted
    changes = ask(Seeing(), "receptive_field", at_least=24, others=[("parameters", {"less_than": spent + 1})])
    hinder = [change.hinders for change in changes]
    assert ("parameters",) in hinder
    assert hinder == sorted(hinder, key=len)
    assert all((total(change) > spent) == bool(change.hinders) for change in changes)


def test_batch_norm_after_a_convolution_that_has_none(ask: Ask, measured: Measure) -> None:
    one, *_ = ask(Plain(norm=False), "batch_norm")
    assert one.what == "Make a batch norm and call it right after `first`, before the activation."
    assert one.code == ("nn.BatchNorm2d(8)",)
    assert total(one) == measured(Plain()).parameters.counted
    assert one.effect.startswith("1 batch-norm layer would run. That takes 16 parameters more")


def test_as_many_batch_norms_as_are_missing(ask: Ask) -> None:
    two, *_ = ask(Plain(), "batch_norm", minimum=3)
    assert two.what == "Make 2 batch norms and call one right after each of `second`, `third`."
    assert two.effect.startswith("3 batch-norm layers would run. That takes 56 parameters more")  # 2·16 + 2·12


def test_class_scores_get_no_batch_norm(ask: Ask) -> None:
    one, both = ask(Seeing(), "batch_norm")
    assert "`first`" in one.what and "`third`" not in both.what
    assert both.effect.startswith("2 batch-norm layers would run.")


def test_dropout_that_drops_nothing_gets_a_rate(ask: Ask) -> None:
    (change,) = ask(Plain(drop=0.0), "dropout")[:1]
    assert change.what.startswith("Let `drop` drop something")
    assert change.effect.startswith("1 dropout layer would drop values")


def test_dropout_where_there_is_none_goes_behind_the_last_pool(ask: Ask) -> None:
    (change,) = ask(Seeing(), "dropout")
    assert change.what == "Make a dropout and call it in forward after `max_pool2d`."
    assert change.code == ("nn.Dropout(0.05)",)


class Largest(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3)

    def forward(self, x: Any) -> Any:
        return F.adaptive_max_pool2d(self.conv(x), 1).flatten(1)


def test_an_average_for_a_maximum_and_a_linear_layer_behind_it(ask: Ask) -> None:
    average, linear = ask(Largest(), "head", accept=["gap", "fc"])
    assert (average.effect, average.code) == (
        "The head would be gap. The model would keep its 100 parameters.", ("nn.AdaptiveAvgPool2d(1)",)
    )  # fmt: skip
    assert linear.effect == "The head would be global max pool+fc. That takes 110 parameters more, 210 in all."


@pytest.mark.parametrize("network", [Plain, Flattened, Residual, Joined])
def test_nothing_is_proposed_where_nothing_failed(network: Callable[[], nn.Module], ask: Ask) -> None:
    assert ask(network(), "parameters", less_than=1_000_000) == ()


def test_advice_that_breaks_leaves_the_grade_alone(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(proposing._PROPOSE, "parameters", broken)
    assert ask(Plain(), "parameters", less_than=10) == ()


def test_a_graph_too_large_to_be_measured_again_is_left_alone(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "_MOST_NODES", 3)
    assert ask(Plain(), "parameters", less_than=3_000) == ()


def test_the_search_ends_when_it_is_told_to_and_when_enough_was_measured(
    export_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    export, wanted = export_model(Plain()), rubric(("parameters", {"less_than": 3_000}))
    facts = measure(export)
    assert proposing.propose(wanted, export, facts, dict).keys() == {"parameters"}
    assert proposing.propose(wanted, export, facts, dict, lambda: False) == {}
    monkeypatch.setattr(proposing, "_ALL_NODES", 1)
    assert proposing.propose(wanted, export, facts, dict) == {}


def test_what_reads_the_flattened_image_is_not_pooled(ask: Ask) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    (change,) = ask(net, "parameters", less_than=60_000)
    assert change.what == "Give `1` 75 values instead of 100, and what reads them as many inputs."  # 795 for each
    assert total(change) == 75 * 795 + 10
    assert ask(net, "dropout") == ()


def test_padding_that_is_a_word_stays(ask: Ask) -> None:
    net = nn.Sequential(nn.Conv2d(1, 10, 3, padding="same"), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    dilated, larger = ask(net, "receptive_field", at_least=5)
    assert dilated.code == ("nn.Conv2d(1, 10, 3, padding='same', dilation=2)",)
    assert larger.code == ("nn.Conv2d(1, 10, 5, padding='same')",)
    assert all("would see 5×5 pixels" in change.effect for change in (dilated, larger))
