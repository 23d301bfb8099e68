"""The task of a rubric: what is trained on, and who owns which setting."""

from typing import Annotated, Literal

from pydantic import Field

from grader.model.base import Frozen


class Task(Frozen):
    """Data set, epoch cap, evaluation set and seeds: the rubric's, never the student's."""

    dataset: Literal["mnist", "digits"]
    input_shape: tuple[int, int, int] = (1, 28, 28)
    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    epochs: Annotated[int, Field(ge=1, le=1000)] = 20
    evaluate_on: Literal["test", "validation"] = "test"
    seeds: Annotated[tuple[int, ...], Field(min_length=1, max_length=100)] = (0, 1, 2)
