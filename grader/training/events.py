"""What a training process says, one JSON line each."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from grader.model.base import Frozen
from grader.model.hopeless import GivenUp
from grader.model.probes import Probes
from grader.model.training import EpochRecord, Evaluation


class Started(Frozen):
    """The model is built and the data is there. `images` is the size of the set that decides."""

    event: Literal["started"] = "started"
    environment: dict[str, str]
    initializers: dict[str, str]  # the student's path of a parameter -> where its initial values come from
    epochs: int
    images: int


class Advanced(Frozen):
    """So much of an epoch's training is done, 0 to 1."""

    event: Literal["advanced"] = "advanced"
    epoch: int
    share: float


class Probed(Frozen):
    """What the probes have found by now: before the first epoch, and after the last."""

    event: Literal["probed"] = "probed"
    probes: Probes


class EpochEnded(Frozen):
    """An epoch is trained and evaluated. `evaluation` is there when it is the best so far."""

    event: Literal["epoch"] = "epoch"
    record: EpochRecord
    evaluation: Evaluation | None = None
    peak_memory_bytes: int | None = None  # of the process, since it began


class Ended(Frozen):
    """The run is over."""

    event: Literal["ended"] = "ended"
    stopped: Literal["completed", "target", "early_stop", "hopeless", "diverged"]
    environment: dict[str, str]  # what is known only at the end
    given_up: GivenUp | None = None  # where it is hopeless


class Refused(Frozen):
    """The run can't be done, and why: no data, a recipe that does not fit it, no such device, a graph too large,

    too little memory for it, or too little time.
    """

    event: Literal["refused"] = "refused"
    kind: Literal["data", "recipe", "device", "model", "memory", "time"]
    message: str
    mend: str = ""


Event = Annotated[Started | Advanced | Probed | EpochEnded | Ended | Refused, Field(discriminator="event")]
Emit = Callable[[Event], None]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def read_event(line: bytes) -> Event:
    """The event in a JSON line. Raises ValueError."""
    return _ADAPTER.validate_json(line)
