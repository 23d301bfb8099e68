"""Events out of the bytes that a training process sends, which end anywhere."""

from grader.errors import TrainingError
from grader.training.events import Event, read_event

_LONGEST_LINE = 4 * 2**20


class EventLines:
    """What has come so far."""

    def __init__(self) -> None:
        self._pending = b""

    def take(self, content: bytes) -> list[Event]:
        """The events that are whole with these bytes. Raises TrainingError for a line that is not an event."""
        *lines, self._pending = (self._pending + content).split(b"\n")
        if len(self._pending) > _LONGEST_LINE:
            raise TrainingError("The training process wrote a line that never ends.")
        try:
            return [read_event(line) for line in lines]
        except ValueError:
            raise TrainingError("The training process said something that is not an event.") from None
