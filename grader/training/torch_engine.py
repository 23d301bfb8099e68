"""Torch's engine: the data set is one tensor, augmentation works on batches, nothing waits within an epoch."""

import math
from pathlib import Path

import safetensors.torch
import torch

from grader.graph.initialize import initializer_origins
from grader.graph.rebuild import RebuiltModel
from grader.model.training import EpochRecord
from grader.training.achieved import achieved
from grader.training.captured_run import choose_run
from grader.training.data import Dataset
from grader.training.device import choose_device, describe_device, peak_memory, settle
from grader.training.evaluate import Scores, describe
from grader.training.events import Emit, Ended, EpochEnded, Probed, Refused, Started
from grader.training.hopeless import Watcher
from grader.training.in_steps import InSteps, finish
from grader.training.interpret import Interpreter, copies
from grader.training.job import TrainingJob
from grader.training.memory_needed import require_memory
from grader.training.probe import Prober
from grader.training.statistics import reaches
from grader.training.subsets import subsets


class TorchEngine:
    """Trains every graph that can be rebuilt."""

    name = "torch"

    def accepts(self, job: TrainingJob) -> bool:
        """Every job."""
        return True

    def train(self, job: TrainingJob, dataset: Dataset, emit: Emit, weights: Path | None) -> None:
        """See `Engine.train`."""
        finish(self.train_in_steps(job, dataset, emit, weights))

    def train_in_steps(self, job: TrainingJob, dataset: Dataset, emit: Emit, weights: Path | None) -> InSteps[None]:
        """The same, with a pause after each training step."""
        device = choose_device(job.device)
        settle(device)
        parts = subsets(dataset, job.recipe, job.task, device)
        if refused := _misfit(job, len(parts.train)) or require_memory(job, len(parts.train), device):
            emit(refused)
            return
        run, steps = choose_run(job, parts, device, emit)
        interpreter = Interpreter(job.export.graphs, job.recipe.normalization)
        environment = {**describe_device(device), "engine": self.name, "data_digest": dataset.digest, "steps": steps}
        environment |= {"recipe_digest": job.recipe.digest, "batch_size": str(run.batch_size)}
        started = Started(
            environment=environment,
            initializers=initializer_origins(job.export),
            epochs=job.epochs,
            images=len(run.deciding),
        )
        emit(started)
        prober = Prober(job, run)
        if found := prober.before():
            emit(Probed(probes=found))
        stopped, watcher, given_up = "completed", Watcher(job, math.ceil(len(parts.train) / run.batch_size)), None
        best, best_tensors, seconds = -1.0, None, 0.0
        for epoch in range(job.epochs):
            record, scores = yield from run.epoch_in_steps(epoch)
            seconds += record.seconds
            improved = scores.accuracy > best
            if improved:
                best = scores.accuracy
                best_tensors = copies(run.model) if prober.looks_closer else None
                if weights is not None:
                    save_weights(run.model, weights)
            evaluation = describe(scores, run.deciding, job.task.classes) if improved else None
            if evaluation is not None:
                evaluation = interpreter.explain(run.model, evaluation, run.deciding)
            emit(EpochEnded(record=record, evaluation=evaluation, peak_memory_bytes=peak_memory()))
            ending = _ending(job, record, scores)
            if ending:
                stopped = ending
                break
            if given_up := watcher.observe(record):
                stopped = "hopeless"
                break
        if found := prober.after(scores.predicted, best_tensors):
            emit(Probed(probes=found))
        environment = {**_peak(device), **achieved(run, epoch + 1, seconds)}
        emit(Ended.model_validate({"stopped": stopped, "environment": environment, "given_up": given_up}))


def _misfit(job: TrainingJob, images: int) -> Refused | None:
    """Why a graph that was exported for one size of batch only can't be trained on so many images."""
    fixed = job.export.graphs.batch_size
    if fixed is None or fixed <= images:
        return None
    message = f"The model takes batches of exactly {fixed:,} images; the training set has {images:,}."
    return Refused(kind="data", message=message, mend="Let forward take batches of any size: x.size(0).")


def save_weights(model: RebuiltModel, file: Path) -> None:
    """Parameters and buffers as safetensors, keyed by the student's names."""
    paths = {**model.parameter_names, **model.buffer_names}
    values = [*model.named_parameters(), *model.named_buffers()]
    named = {paths[name]: value.detach().cpu().contiguous() for name, value in values if name in paths}
    safetensors.torch.save_file(named, file)


def _ending(job: TrainingJob, record: EpochRecord, scores: Scores) -> str:
    """Why the run ends after this epoch; empty where it goes on."""
    if record.train_loss is None:
        return "diverged"
    left = record.epoch < job.epochs  # after the last epoch, nothing was cut
    if left and job.stop_at_target and job.target is not None and reaches(scores.accuracy, job.target):
        return "target"
    watched = scores.accuracy if record.validation_accuracy is None else record.validation_accuracy
    if job.recipe.stop_at is not None and reaches(watched, job.recipe.stop_at):
        return "early_stop"
    return ""


def _peak(device: torch.device) -> dict[str, str]:
    if device.type != "cuda":
        return {}
    return {"peak_device_memory_bytes": str(torch.cuda.max_memory_allocated(device))}
