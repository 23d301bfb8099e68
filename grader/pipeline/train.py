"""Whether and how the rebuilt graph is retrained for a rubric."""

from grader.checks.run import training_goal
from grader.errors import RecipeError
from grader.model.graph import Export
from grader.model.training import Training
from grader.pipeline.request import Backends, Request


def train(request: Request, backends: Backends, export: Export) -> Training:
    """The training section of the report; `not_requested` where --no-train or the rubric says so."""
    goal = training_goal(request.rubric)
    if not request.options.train:
        return Training(status="not_requested", reason="Training was left out (--no-train).")
    if not goal.needed:
        return Training(status="not_requested", reason="No criterion of this rubric needs training.")

    from grader.training.launch import retrain

    task, options = request.rubric.task, request.options
    if options.epochs is not None:
        task = task.model_copy(update={"epochs": options.epochs})
    backends.on_stage(f"retraining on {task.dataset}")
    try:
        training = retrain(
            export,
            request.recipe.recipe,
            task,
            target=goal.target,
            data_dir=options.data_dir,
            device=options.device,
            seeds=options.seeds or task.seeds,
            succeeded=goal.succeeded,
            on_progress=backends.on_training,
            save_weights=options.save_weights,
        )
    except RecipeError as problem:
        if request.recipe.source != "manifest":
            raise
        mend = problem.mend or "Mend the recipe that .grader.yml names."
        return Training(status="skipped", reason=f"The submission's recipe does not fit: {problem.message}", mend=mend)
    return training.model_copy(
        update={
            "recipe_source": request.recipe.source,
            "recipe_is_the_students": request.recipe.source == "manifest",
        }
    )
