"""Finding a check by its name: the built-ins, else what an installed package offers.

A package offers a check through an entry point in the group `grader.checks`: its name is the check's name, its value a
`grader.checks.base.Check`. A built-in's name can't be taken.
"""

from importlib.metadata import EntryPoint, entry_points

from grader.checks import accuracy, batch_norm, claims, dropout, head, parameters, receptive_field
from grader.checks.base import Check
from grader.checks.wording import listing
from grader.errors import RubricError
from grader.yaml_source import did_you_mean

GROUP = "grader.checks"

BUILT_IN = {
    check.name: check
    for check in (
        parameters.CHECK,
        batch_norm.CHECK,
        dropout.CHECK,
        head.CHECK,
        receptive_field.CHECK,
        accuracy.CHECK,
        claims.CHECK,
    )
}


def find_check(name: str) -> Check:
    """The check of that name.

    Raises RubricError when there is none, when several packages offer it, or when the one that does is broken.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    offered = [point for point in entry_points(group=GROUP) if point.name == name]
    if not offered:
        known = [*BUILT_IN, *sorted(point.name for point in entry_points(group=GROUP))]
        raise RubricError(f"unknown check {name!r}{did_you_mean(name, known)}")
    if len(offered) > 1:
        packages = listing(sorted(_package(point) for point in offered))
        raise RubricError(f"the check {name!r} is offered by several packages: {packages}; keep one of them")
    return _load(offered[0])


def _load(point: EntryPoint) -> Check:
    offer = f"the check {point.name!r} of the package {_package(point)}"
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # whatever a foreign package does while it is imported
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise RubricError(f"{offer} can't be loaded ({reason})") from error
    if not isinstance(loaded, Check):
        raise RubricError(f"{offer} is not a grader.checks.base.Check but a {type(loaded).__name__}")
    if loaded.name != point.name:
        raise RubricError(f"{offer} calls itself {loaded.name!r}")
    return loaded


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
