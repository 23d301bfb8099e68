"""The base of every type that flows through grader."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value with no unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, protected_namespaces=(), ser_json_inf_nan="strings"
    )
