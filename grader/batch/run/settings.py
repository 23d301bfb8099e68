"""What a batch was asked to do, in objects: the command line's words are looked up before anything runs."""

from dataclasses import dataclass, field
from pathlib import Path

from grader.batch.fetch.submission import FetchSettings
from grader.checks.run import training_goal
from grader.model.recipe import Recipe
from grader.model.roster import RosterEntry
from grader.model.rubric import Rubric
from grader.model.similarity import Fingerprint
from grader.model.work import digest_of
from grader.pipeline.request import KnownRecipes, Options
from grader.sandbox.base import Limits


@dataclass(frozen=True)
class Who:
    """Who of the roster is graded: by default those who have no result yet."""

    only: tuple[str, ...] = ()  # these students alone; () for everybody
    failed: bool = False  # those, too, who have none for a reason of ours or of the network
    update: bool = False  # those, too, who have one: their repositories are looked at for new commits
    force: bool = False  # everybody, and nothing of what was done before is used


@dataclass(frozen=True)
class BatchSettings:
    """All of it but the roster."""

    title: str
    roster: str  # where it lies: the same one graded in the same way is the same batch
    out: Path
    rubric: Rubric
    recipes: KnownRecipes
    rows: dict[str, Recipe] = field(default_factory=dict)  # those that the roster names, by that name
    options: Options = field(default_factory=Options)
    who: Who = field(default_factory=Who)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    clones: int = 8  # side by side
    sandbox: str = "auto"
    limits: Limits = field(default_factory=Limits)
    static_seconds: float = 300.0  # that finding, building and measuring one submission may take, all in all
    starter: Fingerprint | None = None  # of the course's own code
    command: tuple[str, ...] = ()  # options of `grader check` that grade as this batch does

    def recipes_of(self, entry: RosterEntry) -> KnownRecipes:
        """The recipes for one line of the roster; one that it names stands for --recipe."""
        option = self.rows[entry.recipe] if entry.recipe else self.recipes.option
        return KnownRecipes(reference=self.recipes.reference, option=option)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are tried at most."""
        return self.options.seeds or self.rubric.task.seeds

    @property
    def hopeless(self) -> str | None:
        """Digest of the rules by which runs are given up; None where none is."""
        rules = self.options.hopeless if self.options.train else ()
        return digest_of([rule.digest for rule in rules]) if rules else None

    @property
    def stop_at(self) -> float | None:
        """The accuracy at which runs end; None where they run all their epochs."""
        if not (self.options.train and self.options.stop_at_target):
            return None
        goal = training_goal(self.rubric)
        return goal.target if goal.stop_at_target else None

    @property
    def key(self) -> str:
        """Of the batch: one with the same key is gone on with."""
        deadline = self.fetch.deadline
        return digest_of(
            {
                "roster": self.roster,
                "rubric": self.rubric.digest,
                "recipes": [self.recipes.reference.digest, self.recipes.option and self.recipes.option.digest],
                "train": self.options.train,
                "epochs": self.options.epochs,
                "seeds": list(self.seeds),
                "deadline": deadline and [deadline.moment.isoformat(), deadline.trust_commit_dates],
            }
            | ({"hopeless": self.hopeless} if self.hopeless else {})
            | ({"stop_at": self.stop_at} if self.stop_at is not None else {})
        )
