"""Reading the service's file, and what it names: rubrics and rosters. Every complaint names the file and the line."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.batch.fetch.github import GitHub
from grader.batch.roster.read import read_roster
from grader.checks.run import training_goal
from grader.checks.validate import validate_checks
from grader.errors import GraderError, RecipeError, UsageError
from grader.model.roster import Roster, RosterEntry
from grader.model.rubric import Rubric
from grader.rubric.load import load_rubric
from grader.training.recipe import load_recipe
from grader.web.configuration import Assignment, Configuration
from grader.web.repositories import LOGIN_COLUMNS, Course, course_of
from grader.yaml_source import MAX_CHARACTERS, YamlDocument, YamlProblem, explain, load_yaml

_NOWHERE = "https://github.invalid/{{{}}}"  # for a roster that does not say where repositories lie: the patterns do


@dataclass(frozen=True)
class Loaded:
    """The file and what it names."""

    configuration: Configuration
    courses: Mapping[str, Course]  # by the assignment's name


def load_configuration(file: Path) -> Loaded:
    """Read the service's file. Names of files in it are relative to its folder.

    Raises UsageError: unreadable, not YAML, a mistake in it or in a rubric or roster that it names; with file and line.
    """
    document = _document(file)
    try:
        configuration = Configuration.model_validate(document.data)
    except ValidationError as error:
        raise UsageError(explain(error, document, Configuration)) from None
    try:
        GitHub(api=configuration.api_url)
    except UsageError as problem:
        raise UsageError(f"{document.name}:{document.line_of(('api_url',))}: {problem}") from None
    courses = {}
    for index, assignment in enumerate(configuration.assignments):
        try:
            courses[assignment.name] = _course(assignment, file.parent, configuration.clone_url)
        except GraderError as problem:
            key = "roster" if isinstance(problem, _RosterError) else "rubric"
            key = "recipe" if isinstance(problem, RecipeError) and assignment.recipe else key
            key = "stop_at_target" if isinstance(problem, _StopError) else key
            line = document.line_of(("assignments", index, key))
            raise UsageError(f"{document.name}:{line}: {problem}") from None
    return Loaded(_placed(configuration, file.parent), courses)


class _RosterError(UsageError):
    """Something is wrong with a roster."""


class _StopError(UsageError):
    """The rubric judges more than whether an epoch reaches the target."""


def _document(file: Path) -> YamlDocument:
    try:
        with file.open("rb") as stream:
            text = stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8-sig")
        return load_yaml(text, str(file))
    except OSError as problem:
        raise UsageError(f"The configuration {str(file)!r} can't be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The configuration {str(file)!r} is not UTF-8 text.") from None
    except YamlProblem as problem:
        raise UsageError(str(problem)) from None


def _placed(configuration: Configuration, folder: Path) -> Configuration:
    """With the places of files as they are from anywhere."""
    store, data = configuration.store, configuration.work.data_dir
    work = configuration.work.model_copy(update={"data_dir": str(folder / data) if data else None})
    place = store if "://" in store else str(folder / store)
    return configuration.model_copy(update={"store": place, "work": work})


def _course(assignment: Assignment, folder: Path, clone_url: str) -> Course:
    if assignment.recipe:
        assignment = assignment.model_copy(update={"recipe": _beside(folder, assignment.recipe)})
        load_recipe(assignment.recipe or "")
    rubric, entries = _rubric(assignment.rubric, folder), _roster(assignment.roster, folder)
    if assignment.train and assignment.stop_at_target and (reason := training_goal(rubric).why_no_stop):
        raise _StopError(f"stop_at_target can't be used with the rubric {rubric.id!r}: it {reason}.")
    return course_of(assignment, rubric, entries, clone_url)


def _beside(folder: Path, name: str) -> str:
    """The file of that name in the folder, else the name, which may be that of a shipped one."""
    return str(folder / name) if (folder / name).is_file() else name


def _rubric(name: str, folder: Path) -> Rubric:
    rubric = load_rubric(_beside(folder, name))
    validate_checks(rubric)
    return rubric


def _roster(name: str | None, folder: Path) -> tuple[RosterEntry, ...]:
    """The students of a roster; whether it has a column for the repository does not matter here."""
    if name is None:
        return ()
    try:
        content = (folder / name).read_bytes()
    except OSError as problem:
        raise _RosterError(f"the roster {name!r} can't be read: {problem.strerror}.") from None
    try:
        roster = _read(content)
    except UsageError as problem:
        raise _RosterError(f"the roster {name!r}: {problem}") from None
    if roster.errors:
        raise _RosterError(f"the roster {name!r}, {roster.errors[0]}.")
    for entry in roster.entries:
        if entry.recipe:
            try:
                load_recipe(entry.recipe)
            except RecipeError as problem:
                raise _RosterError(f"the roster {name!r}, line {entry.line}: {problem}") from None
    return roster.entries


def _read(content: bytes) -> Roster:
    try:
        return read_roster(content)
    except UsageError:
        for column in LOGIN_COLUMNS:
            with contextlib.suppress(UsageError):
                return read_roster(content, repo_pattern=_NOWHERE.format(column))
        raise
