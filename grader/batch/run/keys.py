"""What work is the same work: from what was asked for to the keys under which the store finds it again."""

import hashlib
import os
from pathlib import Path

from grader.batch.run.files import files_below
from grader.batch.run.settings import BatchSettings
from grader.batch.run.train_part import Machine, TrainTask
from grader.intake.git_source import redact
from grader.model.roster import RosterEntry
from grader.model.submission import Submission
from grader.model.work import TrainingKey, WorkKey, digest_of

UNFETCHED = "nothing was fetched"  # in the place of a commit
_BLOCK = 1 << 20


def work_key(
    entry: RosterEntry, commit: str | None, settings: BatchSettings, machine: Machine, sandbox: str
) -> WorkKey:
    """The key of one student's report; `commit` as `state_of` gives it, None where nothing could be fetched."""
    recipes, train = settings.recipes_of(entry), settings.options.train
    return WorkKey(
        source=redact(entry.repository or ""),
        commit=commit or UNFETCHED,
        path=entry.path,
        model=entry.model,
        rubric=settings.rubric.digest,
        recipe=digest_of([recipes.reference.digest, recipes.option and recipes.option.digest]) if train else None,
        seeds=settings.seeds if train else (),
        epochs=settings.options.epochs if train else None,
        train=train,
        data=machine.data,
        engine=machine.engine,
        device=machine.device,
        sandbox=sandbox,
        grader=machine.grader,
        torch=machine.torch,
        hopeless=settings.hopeless,
        stop_at=settings.stop_at,
    )


def training_key(task: TrainTask, graph: str, machine: Machine) -> TrainingKey:
    """The key of one run. Neither the other seeds nor a target that it does not end at change what it measures."""
    rules = task.task.model_dump(mode="json", exclude={"seeds"})
    return TrainingKey(
        graph=graph,
        recipe=task.recipe.digest,
        task=digest_of(rules),
        seed=task.seed,
        data=machine.data or "",
        engine=machine.engine,
        device=machine.device,
        grader=machine.grader,
        torch=machine.torch,
        hopeless=task.hopeless and task.hopeless.digest,
        stop_at=task.target if task.stop_at_target else None,
    )


def state_of(submission: Submission) -> str:
    """The commit; of a folder outside git, or with changes that are in no commit, a digest of its files.

    Raises OSError where they can't be read.
    """
    if submission.commit is not None and not submission.dirty:
        return submission.commit
    digest = hashlib.sha256()
    for file in files_below(submission.checkout):
        name = os.fsencode(file.relative_to(submission.checkout))
        digest.update(b"%d %b" % (len(name), name) + _content(file))
    return digest.hexdigest()


def _content(file: Path) -> bytes:
    if file.is_symlink():
        return b"link " + os.fsencode(file.readlink())
    if not file.is_file():
        return b"neither file nor link"
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return b"file " + digest.digest()
