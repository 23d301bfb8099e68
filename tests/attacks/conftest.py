"""Counts attacks: those contained, those of which the report says what it must, and honest controls left unharmed."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from arena import arena  # noqa: F401  the fixture
from git_trap import elsewhere, repository, trap  # noqa: F401  the fixtures

PROPERTY = "attack"


@pytest.fixture(autouse=True)
def tally(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """What the summary counts of a test that is marked `attack(family, what it tries, kind=...)`.

    A test may set `contained` and `detected` apart; else both are whether it passed.
    """
    found: dict[str, Any] = {"contained": None, "detected": None}
    marker = request.node.get_closest_marker("attack")
    if marker is not None:
        family, tried = marker.args
        found |= {"family": family, "tried": tried, "kind": marker.kwargs.get("kind", "attack")}
        request.node.user_properties.append((PROPERTY, found))
    yield found


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows: defaultdict[str, list[tuple[dict[str, Any], bool]]] = defaultdict(list)
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, found in getattr(report, "user_properties", ()):
                if name == PROPERTY and (report.when == "call" or outcome == "error"):
                    rows[found["family"]].append((found, report.passed))
    if not rows:
        return
    terminalreporter.section("attacks")
    head = f"{'family':<14}{'contained':>11}{'detected':>11}{'attacks':>9}   honest controls unharmed"
    terminalreporter.write_line(head)
    everything = [row for family in rows.values() for row in family]
    for family, found in (*sorted(rows.items()), ("total", everything)):
        terminalreporter.write_line(_line(family, found))


def _line(family: str, rows: list[tuple[dict[str, Any], bool]]) -> str:
    attacks = [row for row in rows if row[0]["kind"] == "attack"]
    controls = [passed for found, passed in rows if found["kind"] == "control"]
    contained, detected = (
        sum(passed if found[what] is None else found[what] for found, passed in attacks)
        for what in ("contained", "detected")
    )
    return f"{family:<14}{contained:>11}{detected:>11}{len(attacks):>9}   {sum(controls)} of {len(controls)}"
