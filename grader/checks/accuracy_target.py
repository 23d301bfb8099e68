"""The parameters of the accuracy check."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from grader.model.base import Frozen
from grader.model.task import Task

Rule = Literal["best_epoch", "final_epoch", "last_epochs"]


class AccuracyTarget(Frozen):
    """The target as a fraction, which epochs must reach it, with how many seeds, and when a miss is a failure."""

    target: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
    rule: Rule = "best_epoch"
    last: Annotated[int, Field(strict=True, ge=2)] | None = None  # how many epochs, for the rule last_epochs
    needed: Annotated[int, Field(strict=True, ge=1)] = 1  # how many of the task's seeds must reach it
    near_miss: Literal["inconclusive", "fail"] = "inconclusive"
    doubt: Annotated[float, Field(strict=True, ge=0.0001, le=0.5)] = 0.05  # of a further seed passing after a failure
    spread: Annotated[float, Field(strict=True, gt=0, lt=1)] | None = None  # standard deviation between seeds, if known

    @field_validator("needed")
    @classmethod
    def _has_seeds(cls, value: int, info: ValidationInfo) -> int:
        task = (info.context or {}).get("task")
        if isinstance(task, Task) and value > len(task.seeds):
            raise ValueError(f"{value} seeds must reach the target; the task has only {len(task.seeds)}")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.target > 1:
            raise ValueError(f"target is a fraction: write {self.target / 100:g} for {self.target:g} %")
        if (self.rule == "last_epochs") != (self.last is not None):
            raise ValueError("the rule last_epochs needs `last`, the number of epochs; no other rule takes it")
        return self

    @property
    def span(self) -> int | None:
        """How many last epochs must all reach the target; None: any one epoch will do."""
        return {"best_epoch": None, "final_epoch": 1, "last_epochs": self.last}[self.rule]
