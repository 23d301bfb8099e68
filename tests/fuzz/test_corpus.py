"""The fuzzing corpus, replayed, and as many changes of it as fit into seconds: nothing but an answer may come back.

`make fuzz` looks further, guided by coverage. What it finds is put into the corpus under a name that says what it was.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def _fuzzing_modules() -> Iterator[None]:
    """The fuzzer is a program of its own, whose modules lie beside it."""
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))


def _corpus(target: str) -> list[Path]:
    return sorted((HERE / "corpus" / target).iterdir())


@pytest.mark.parametrize(
    ("target", "file"),
    [(target, file) for target in ("graph", "notebook", "claims") for file in _corpus(target)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_kept_input_is_answered(target: str, file: Path) -> None:
    import targets

    targets.TARGETS[target](file.read_bytes())


@pytest.mark.parametrize("file", _corpus("graph"), ids=lambda file: file.name)
def test_a_seed_that_the_probe_wrote_is_read(file: Path) -> None:
    import targets
    from seed_nets import SEED_NETS

    # Else the corpus would go stale unnoticed: what the reader refuses at its first line reaches nothing.
    assert (targets.read_export(file.read_bytes()) is not None) == (file.stem in SEED_NETS or file.stem in _READABLE)


_READABLE = {
    "noise-shapes",
    "constant-without-value",
    "negative-unfolding",
    "no-elements",
    "pooled-without-batch",
    "large-batch",
    "sizes-of-references",
    "without-source",
    "short-stride",
    "recurrent-shapes",
}


@pytest.mark.parametrize("target", ["graph", "notebook", "claims"])
def test_a_changed_input_is_answered(target: str) -> None:
    import graph_mutations
    import targets
    import text_mutations

    mutate = {
        "graph": graph_mutations.mutate,
        "notebook": text_mutations.mutate_notebook,
        "claims": text_mutations.mutate_text,
    }[target]
    inputs = [file.read_bytes() for file in _corpus(target)]

    @settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(inputs), st.integers(0, 2**32), st.integers(1, 6))
    def holds(data: bytes, seed: int, times: int) -> None:
        numbers = random.Random(seed)
        for _ in range(times):
            data = mutate(data, numbers, 1 << 16) or data
        targets.TARGETS[target](data)

    holds()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_bytes_that_are_nothing_are_answered(data: bytes) -> None:
    import targets

    targets.graph(data)
    targets.graph(data + b"\0" + data)
