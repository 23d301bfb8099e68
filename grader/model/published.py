"""`published.yaml`: what a reference model is, and what was published about it, and where that is contradicted."""

from typing import Annotated, Literal

from pydantic import Field

from grader.model.base import Frozen
from grader.model.numbers import Count, Probability, Whole

Line = Annotated[str, Field(min_length=1, max_length=300)]


class PublishedAccuracy(Frozen):
    """An accuracy that was published, as a fraction, and what it was measured on.

    "validation" is a split of the training set; "augmented_validation" the same through the training augmentation.
    """

    accuracy: Probability
    measured_on: Literal["test", "validation", "augmented_validation"]
    role: Literal["best", "final"] = "best"
    epoch: Count | None = None  # 1-based
    at_least: bool = False  # "99.4 %+"
    text: Annotated[str, Field(max_length=300)] = ""


class Statement(Frozen):
    """A sentence of the published README; `measured` says what is right where it is wrong."""

    says: Line
    measured: Annotated[str, Field(max_length=300)] = ""  # empty: the sentence is right


class Published(Frozen):
    """The fields are the keys of the YAML file."""

    order: Whole = 100  # its place in lists
    title: Line
    model: Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,99}$")]  # the class in model.py
    rubric: Annotated[str, Field(min_length=1, max_length=100)]  # the shipped rubric it was written for
    # What is true of the graph, however it is trained; held against the measured facts whenever the model runs.
    parameters: Count
    receptive_field: Count | None = None  # in pixels, where the head begins
    fails: tuple[str, ...] = ()  # criteria of the rubric that it misses without any training
    # Whether the published result meets the rubric's accuracy; a rubric's rule should then pass it.
    meets_target: bool
    accuracies: tuple[PublishedAccuracy, ...] = ()
    epochs: Count | None = None  # how many epochs were published
    recipe_published: bool = True  # False: nothing was said, and recipe.yaml is grader's own
    readme: tuple[Statement, ...] = ()
