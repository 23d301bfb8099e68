"""From a fetched folder and its `.grader.yml` to requests: which model, recipe, README and folder are meant."""

from dataclasses import replace
from pathlib import Path

from grader.errors import RecipeError, SubmissionError
from grader.intake.links import is_folder, is_regular_file, leads_into, without_links
from grader.intake.manifest import Entry, read_manifest
from grader.model.recipe import Recipe
from grader.model.submission import Submission
from grader.pipeline.request import Request
from grader.training.recipe import parse_recipe, shipped_recipe
from grader.yaml_source import MAX_CHARACTERS


def entries_of(root: Path) -> tuple[Entry, ...]:
    """What the folder's `.grader.yml` hands in: one entry or several, a blank one where there is no such file.

    Raises SubmissionError for a file that can't be read.
    """
    manifest = read_manifest(root)
    return manifest.entries if manifest else (Entry(),)


def the_one_entry(root: Path, model: str | None) -> Entry:
    """The entry of a folder that one submission is wanted of; `model` is the class that was named for it, if any.

    Raises SubmissionError where there are several and `model` decides between none of them.
    """
    entries = entries_of(root)
    if len(entries) == 1:
        return entries[0]
    if model is not None:
        return next((entry for entry in entries if entry.model == model), Entry())
    names = [entry.name or entry.path or entry.model or f"number {index + 1}" for index, entry in enumerate(entries)]
    raise SubmissionError(
        f"The .grader.yml hands in {len(entries)} submissions and one is wanted: {', '.join(names[:8])}.",
        mend="Name the folder of the one to grade as `path` or its class as `model` in the roster.",
    )


def described(request: Request, entry: Entry) -> Request:
    """The request with the model and the README that an entry names; a model that the request names goes first."""
    options = replace(request.options, model=request.options.model or entry.model)
    selected_by = request.selected_by if request.options.model else ".grader.yml"
    return replace(request, options=options, readme=entry.readme, selected_by=selected_by)


def narrowed(request: Request, entry: Entry) -> Request:
    """The request with the recipe and the folder that an entry names.

    Raises SubmissionError where they are not there or can't be used.
    """
    recipes, whole = request.recipes, request.submission
    if recipes.option is None and request.rubric.recipe != "reference":  # else what .grader.yml names is not used
        recipes = replace(recipes, manifest=_students_recipe(whole.root, entry))
    return replace(request, recipes=recipes, submission=_folder_of(whole, entry))


def _folder_of(whole: Submission, entry: Entry) -> Submission:
    """The folder of one of several submissions; `entry.path` is checked to lie inside."""
    if entry.path is None:
        return whole
    folder = without_links(whole.root / entry.path)
    if not is_folder(folder) or not leads_into(folder, whole.root):
        raise SubmissionError(f".grader.yml names the folder {entry.path!r}, which is not there.")
    path = entry.path if whole.path is None else f"{whole.path}/{entry.path}"
    return whole.model_copy(update={"root": folder, "path": path})


def _students_recipe(root: Path, entry: Entry) -> Recipe | None:
    """The recipe that .grader.yml names: a file of the submission, or a shipped one."""
    if entry.recipe is None:
        return None
    file = root / (entry.path or ".") / entry.recipe
    inside = leads_into(file, root) and is_regular_file(file)
    try:
        return parse_recipe(_text(file), entry.recipe) if inside else shipped_recipe(entry.recipe)
    except RecipeError as problem:
        message = f"The recipe that .grader.yml names can't be used: {problem.message}"
        raise SubmissionError(message, mend=problem.mend) from None


def _text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8", errors="replace")
