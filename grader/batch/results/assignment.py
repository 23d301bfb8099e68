"""What a class's results are results of."""

from dataclasses import dataclass

from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.parameters import ParameterLimit
from grader.checks.validate import resolve_all
from grader.errors import RubricError
from grader.model.rubric import Rubric


@dataclass(frozen=True)
class Assignment:
    """`title` is what the batch is called, `made_at` when the results were written (ISO 8601, UTC)."""

    title: str
    rubric: Rubric
    made_at: str

    @property
    def target(self) -> float | None:
        """The highest accuracy that a criterion asks for."""
        return max((one.target for one in self._parameters() if isinstance(one, AccuracyTarget)), default=None)

    @property
    def limit(self) -> int | None:
        """The number of parameters that a criterion asks to stay below."""
        return min((one.less_than for one in self._parameters() if isinstance(one, ParameterLimit)), default=None)

    def _parameters(self) -> list[object]:
        try:
            return [parameters for _, _, parameters in resolve_all(self.rubric)]
        except RubricError:  # of another grader, with a check that is not installed here: its marks are not drawn
            return []
