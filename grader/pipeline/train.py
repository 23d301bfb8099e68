"""Whether and how the rebuilt graph is retrained for a rubric: with one recipe, or with a second one after a miss."""

from grader.checks.run import TrainingGoal, training_goal
from grader.errors import RecipeError
from grader.model.graph import Export
from grader.model.training import Training
from grader.pipeline.recipes import Attempts
from grader.pipeline.request import Backends, RecipeChoice, Request


def train(request: Request, attempts: Attempts, backends: Backends, export: Export, stored: int = 0) -> Training:
    """The training section of the report; `not_requested` where --no-train or the rubric says so.

    A second attempt runs where the first one ended and missed a target, or its recipe does not fit the data; not where
    data is missing, or the training broke off or was stopped. `stored` counts the values that the graph holds outside
    its parameters. Raises RecipeError for a recipe that does not fit and is not the submission's.
    """
    goal = training_goal(request.rubric)
    if not request.options.train:
        return Training(status="not_requested", reason="Training was left out (--no-train).")
    if not goal.needed:
        return Training(status="not_requested", reason="No criterion of this rubric needs training.")
    try:
        training = _retrain(request, attempts[0], backends, export, goal, stored)
        missed = training.status == "completed" and not goal.met(training.runs)
    except RecipeError as problem:
        if not attempts[0].is_the_submissions:
            raise
        training, missed = _misfit(request, attempts[0], problem, goal), True
    if not missed or len(attempts) == 1:
        return training
    second = _retrain(request, attempts[1], backends, export, goal, stored, second=True)
    return training.model_copy(update={"second_try": second})


def _retrain(
    request: Request,
    choice: RecipeChoice,
    backends: Backends,
    export: Export,
    goal: TrainingGoal,
    stored: int,
    *,
    second: bool = False,
) -> Training:
    from grader.training import launch
    from grader.training.hopeless import rule_for

    retrain = backends.retrain or launch.retrain
    task, options = request.rubric.task, request.options
    if options.epochs is not None:
        task = task.model_copy(update={"epochs": options.epochs})
    backends.on_stage(f"{'second try: ' if second else ''}retraining on {task.dataset} with {choice.called}")
    training = retrain(
        export,
        choice.recipe,
        task,
        target=goal.target,
        stop_at_target=options.stop_at_target and goal.stop_at_target,
        hopeless=rule_for(options.hopeless, choice.recipe, task),
        data_dir=options.data_dir,
        device=options.device,
        seeds=options.seeds or task.seeds,
        enough=goal.decided,
        epoch_seconds=options.epoch_seconds,
        on_progress=backends.on_training,
        save_weights=options.save_weights,
        weights_name="second-try-weights" if second else "weights",
        stored=stored,
    )
    return _described(training, choice)


def _misfit(request: Request, choice: RecipeChoice, problem: RecipeError, goal: TrainingGoal) -> Training:
    """The submission's recipe can't train on this data: a batch larger than the set, a split that leaves nothing."""
    mend = "Mend the recipe that .grader.yml names."
    if choice.source == "code":
        mend = "Name the recipe that you train with in a .grader.yml, as `recipe`."
    training = Training(
        status="skipped",
        reason=f"The submission's recipe does not fit: {problem.message}",
        mend=problem.mend or mend,
        recipe=choice.recipe.model_dump(mode="json"),
        recipe_origins=dict(choice.recipe.origins),
        dataset=request.rubric.task.dataset,
        target=goal.target,
    )
    return _described(training, choice)


def _described(training: Training, choice: RecipeChoice) -> Training:
    """With whose recipe it was."""
    return training.model_copy(
        update={
            "recipe_source": choice.source,
            "recipe_is_the_students": choice.is_the_submissions and choice.complete,
            "recipe_unread": choice.unread,
            "recipe_notes": choice.notes,
        }
    )
