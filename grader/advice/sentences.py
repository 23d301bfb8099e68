"""How advice names layers and writes the lines that make them. Names are the student's: the report escapes them."""

from grader.advice.survey import Survey
from grader.analysis.flow import Call
from grader.analysis.geometry import geometry
from grader.model.submission import Location

_MOST_NAME = 60


def at(location: Location | None) -> str:
    """ " (net.py:12)", or nothing."""
    return f" ({location})" if location else ""


def called(name: str) -> str:
    """A layer's name in backticks, cut where it is long; nothing in it can end the backticks."""
    name = name.replace("`", "'")
    return f"`{name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 1] + '…'}`"


def placed(survey: Survey, call: Call) -> str:
    """ "`conv2` (net.py:12)"."""
    return f"{called(survey.name(call))}{at(survey.location(call))}"


def convolution_code(survey: Survey, call: Call, **changed: object) -> str:
    """The convolution as torch takes it, with some arguments changed: "nn.Conv2d(16, 32, 3, padding=1)"."""
    weight = survey.train.shape(_weight(call))
    found = geometry(survey.train, call)
    groups = int(call.arguments.get("groups") or 1)  # type: ignore[arg-type]
    given: dict[str, object] = {
        "in_channels": weight[1] * groups,
        "out_channels": weight[0],
        "kernel_size": _short(found.kernel) if found else _short(weight[2:]),
        "stride": _short(found.stride) if found else 1,
        "padding": (found.padding if isinstance(found.padding, str) else _short(found.padding)) if found else 0,
        "dilation": 1,
        "groups": groups,
        "bias": call.arguments.get("bias") is not None,
    }
    dilation = call.arguments.get("dilation")
    given["dilation"] = _short(dilation) if isinstance(dilation, tuple) else dilation or 1
    given |= changed
    first = ", ".join(str(given[name]) for name in ("in_channels", "out_channels", "kernel_size"))
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
    more = "".join(f", {name}={given[name]!r}" for name, value in usual.items() if given[name] != value)
    return f"nn.Conv2d({first}{more})"


def _weight(call: Call) -> str:
    given = call.arguments["weight"]
    return given.ref  # type: ignore[union-attr]


def _short(sizes: object) -> object:
    """(3, 3) -> 3."""
    if isinstance(sizes, tuple) and len(set(sizes)) == 1:
        return sizes[0]
    return sizes
