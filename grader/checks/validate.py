"""Whether a rubric's checks exist and its parameters suit them; loading a rubric can't know that."""

from pydantic import ValidationError

from grader.checks.base import Check
from grader.checks.registry import find_check
from grader.errors import RubricError
from grader.model.base import Frozen
from grader.model.rubric import Criterion, Origin, Rubric
from grader.yaml_source import Path, YamlDocument, explain


def validate_checks(rubric: Rubric) -> None:
    """Raise RubricError for every unknown check and every wrong parameter, each with file, line and a suggestion."""
    problems = []
    for index in range(len(rubric.criteria)):
        try:
            resolve(rubric, index)
        except RubricError as problem:
            problems.append(problem.message)
    if problems:
        raise RubricError("\n".join(problems))


def resolve_all(rubric: Rubric) -> list[tuple[Criterion, Check, Frozen]]:
    """Every criterion with its check and its validated parameters. Raises RubricError at the first mistake."""
    return [(criterion, *resolve(rubric, index)) for index, criterion in enumerate(rubric.criteria)]


def resolve(rubric: Rubric, index: int) -> tuple[Check, Frozen]:
    """The check of a criterion and its validated parameters. Raises RubricError with file and line."""
    criterion = rubric.criteria[index]
    path: Path = ("criteria", index)
    try:
        check = find_check(criterion.check)
    except RubricError as problem:
        document = _part(rubric, (*path, "check"), criterion.check)
        raise RubricError(f"{document.name}:{document.line_of(())}: {problem.message}") from problem.__cause__
    try:
        return check, check.parameters.model_validate(criterion.parameters, context={"task": rubric.task})
    except ValidationError as error:
        document = _part(rubric, (*path, "parameters"), criterion.parameters)
        raise RubricError(explain(error, document, check.parameters)) from None


def _part(rubric: Rubric, path: Path, data: object) -> YamlDocument:
    """A part of the rubric's file as a document of its own, so that paths begin at the part."""
    origin = rubric.origin or Origin(f"rubric {rubric.id}", {(): 1})
    whole = YamlDocument(origin.file, data, origin.lines)
    below = {at[len(path) :]: line for at, line in origin.lines.items() if at[: len(path)] == path}
    return YamlDocument(origin.file, data, {(): whole.line_of(path), **below})
