"""Which recipes a submission is trained with, in which order."""

from grader.intake.recipe.assemble import assemble
from grader.intake.recipe.read import read_code_recipe
from grader.model.code_recipe import CodeRecipe
from grader.model.submission import Candidate
from grader.pipeline.request import RecipeChoice, Request

Attempts = tuple[RecipeChoice, ...]  # one, or the submission's and the reference recipe as a second try


def choose(request: Request, candidate: Candidate) -> Attempts:
    """The recipes to train `candidate` with: what was asked for with --recipe, else as the rubric's policy says.

    The submission's recipe is the one that .grader.yml names, else the one that its training code states. A second
    try with the same recipe would be the same training, so there is none.
    """
    known, policy = request.recipes, request.rubric.recipe
    if known.option is not None:
        return (RecipeChoice(known.option, "option"),)
    reference = RecipeChoice(known.reference, "rubric")
    own = None if policy == "reference" else _submissions(request, candidate)
    if own is None:
        return (reference,)
    if policy == "submission" or own.recipe.digest == reference.recipe.digest:
        return (own,)
    return own, reference


def _submissions(request: Request, candidate: Candidate) -> RecipeChoice | None:
    """None where the submission has no recipe: no file names one and no training code was found."""
    if request.recipes.manifest is not None:
        return RecipeChoice(request.recipes.manifest, "manifest")
    submission = request.submission
    code = read_code_recipe(submission.root, candidate, checkout=submission.checkout)
    if code.loop is None:
        return None
    read = assemble(code, request.recipes.reference)
    notes = (*read.notes, *_seed(code))
    return RecipeChoice(read.recipe, "code", unread=read.unread, notes=notes, complete=read.complete)


def _seed(code: CodeRecipe) -> tuple[str, ...]:
    if code.seed is None or code.seed_location is None:
        return ()
    return (f"The seed {code.seed} at {code.seed_location} was not used: seeds are the rubric's.",)
