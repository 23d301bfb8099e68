"""One model in training with torch: epochs, steps, evaluation."""

import math
import time

import torch
from torch.nn import functional

from grader.graph.rebuild import RebuiltModel, rebuild
from grader.model.recipe import Plateau
from grader.model.training import EpochRecord
from grader.training.augment import pipeline
from grader.training.device import derive, generator
from grader.training.evaluate import Scores, as_batch, as_scores, evaluate_in_steps
from grader.training.events import Advanced, Emit
from grader.training.in_steps import InSteps, drained, finish
from grader.training.job import TrainingJob
from grader.training.optimizers import build_optimizer, set_rates
from grader.training.schedule import Clock, PlateauTracker, RateSchedule
from grader.training.subsets import Subset, Subsets

_EVALUATION_BATCH = 500
SECONDS_BETWEEN_SIGNS = 0.25


class TorchRun:
    """One model in training."""

    def __init__(self, job: TrainingJob, parts: Subsets, device: torch.device, emit: Emit) -> None:
        self.job, self.parts, self.emit = job, parts, emit
        deciding = parts.test if parts.test is not None else parts.validation
        assert deciding is not None
        self.deciding = deciding
        fixed = job.export.graphs.batch_size
        self.fixed, self.batch_size = fixed is not None, fixed or job.recipe.batch_size
        torch.manual_seed(derive(job.seed, "dropout"))
        self.shuffling = generator(job.seed, "shuffle")
        self.augmenting = generator(job.seed, "augment", device)
        self.augmenting_split = generator(job.seed, "augment split", device)
        self.device = device
        self.model = rebuild(job.export, job.seed).to(device).to(memory_format=torch.channels_last)
        self.parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = build_optimizer(job.recipe.optimizer, self.parameters) if self.parameters else None
        self.schedule = RateSchedule(job.recipe, job.schedule_epochs)
        self.plateau = PlateauTracker(job.recipe.schedule) if isinstance(job.recipe.schedule, Plateau) else None
        self.augment = pipeline(job.recipe.augmentation, job.recipe.normalization)

    def epoch(self, epoch: int) -> tuple[EpochRecord, Scores]:
        """Train one epoch (0-based) and evaluate; the scores are those of the set that decides."""
        return finish(self.epoch_in_steps(epoch))

    def epoch_in_steps(self, epoch: int) -> InSteps[tuple[EpochRecord, Scores]]:
        """The same, with a pause after each step."""
        began = time.perf_counter()
        rate, loss, accuracy = yield from self.train_in_steps(epoch)
        held_out, tested = self._validation(), self.parts.test
        validation = None if held_out is None else (yield from self.evaluate_in_steps(held_out))
        test = None if tested is None else (yield from self.evaluate_in_steps(tested))
        record = EpochRecord(
            epoch=epoch + 1,
            lr=rate,
            train_loss=loss if math.isfinite(loss) else None,
            train_accuracy=accuracy,
            test_loss=test.loss if test else None,
            test_accuracy=test.accuracy if test else None,
            validation_loss=validation.loss if validation else None,
            validation_accuracy=validation.accuracy if validation else None,
            seconds=time.perf_counter() - began,
        )
        if self.plateau:
            value = getattr(record, self.plateau.schedule.metric)
            self.plateau.observe(math.nan if value is None else value)
        scores = test or validation
        assert scores is not None
        return record, scores

    def train_epoch(self, epoch: int, batches: int | None = None) -> tuple[float, float, float]:
        """The last step's rate, the mean loss and the accuracy of one epoch over the training set.

        `batches` cuts the epoch short, for measuring.
        """
        return finish(self.train_in_steps(epoch, batches))

    def train_in_steps(self, epoch: int, batches: int | None = None) -> InSteps[tuple[float, float, float]]:
        """The same, with a pause after each step."""
        self.model.train()
        train, recipe = self.parts.train, self.job.recipe
        order = self._batches(len(train))
        loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        rate, seen, last_sign = 0.0, 0, time.monotonic()
        for index, chosen in enumerate(order[:batches]):
            clock = Clock(epoch, index, len(order))
            rates = self.schedule.rates(clock, self.plateau.factor if self.plateau else 1.0)
            rate = rates.lr
            if self.optimizer:
                set_rates(self.optimizer, rates)
            batch = train.take(chosen)
            labels = batch.labels
            outputs = as_scores(self.model(as_batch(self._augmented(batch, self.augmenting), recipe.normalization)))
            loss = functional.cross_entropy(outputs, labels, label_smoothing=recipe.loss.label_smoothing)
            self._step(loss)
            with torch.no_grad():
                loss_sum += loss.detach() * len(chosen)
                correct += (outputs.detach().argmax(dim=1) == labels).sum()
            seen += len(chosen)
            if time.monotonic() - last_sign > SECONDS_BETWEEN_SIGNS:
                last_sign = time.monotonic()
                self.emit(Advanced(epoch=epoch + 1, share=(index + 1) / len(order)))
            yield
        yield from drained(self.device)
        return rate, float(loss_sum) / max(seen, 1), int(correct) / max(seen, 1)

    def _step(self, loss: torch.Tensor) -> None:
        if self.optimizer is None or not loss.requires_grad:
            return  # nothing in this model trains: it is evaluated as it is
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        clip = self.job.recipe.clip
        if clip and clip.value:
            torch.nn.utils.clip_grad_value_(self.parameters, clip.value)
        if clip and clip.norm:
            torch.nn.utils.clip_grad_norm_(self.parameters, clip.norm)
        self.optimizer.step()

    def _batches(self, images: int) -> list[torch.Tensor]:
        """A fresh order of so many images, in batches of `batch_sizes`."""
        order, sizes = torch.randperm(images, generator=self.shuffling).to(self.device), self.batch_sizes(images)
        return list(torch.split(order[: sum(sizes)], sizes))

    def batch_sizes(self, images: int) -> list[int]:
        """How many images each step of an epoch takes. A last one alone is left out: batch norm can't normalise it."""
        full, over = divmod(images, self.batch_size)
        is_left_out = full > 0 and (self.job.recipe.drop_last or self.fixed or over == 1)
        return [self.batch_size] * full + ([over] if over and not is_left_out else [])

    def _validation(self) -> Subset | None:
        """The split, augmented where the recipe's is; never where the rubric decides by it."""
        split, subset = self.job.recipe.split, self.parts.validation
        if subset is None or split is None or not split.augmented or subset is self.deciding:
            return subset
        return Subset(self._augmented(subset, self.augmenting_split), subset.labels)

    def _augmented(self, batch: Subset, randomness: torch.Generator) -> torch.Tensor:
        """The images (N, H, W) of a batch as floats from 0 to 255, augmented but for the plain ones."""
        images = batch.images.float()
        augmented = self.augment(images, randomness)
        if batch.plain is None or augmented is images:
            return augmented
        return torch.where(batch.plain[:, None, None], images, augmented)

    def evaluate(
        self, subset: Subset, *, model: RebuiltModel | None = None, order: torch.Tensor | None = None
    ) -> Scores:
        """Score the model in training, or another of its kind, on a set; in the run's order, or another (N,)."""
        return finish(self.evaluate_in_steps(subset, model=model, order=order))

    def evaluate_in_steps(
        self, subset: Subset, *, model: RebuiltModel | None = None, order: torch.Tensor | None = None
    ) -> InSteps[Scores]:
        """The same, with a pause after each batch."""
        order = self.evaluation_order(len(subset)) if order is None else order.to(self.device)
        size = self.batch_size if self.fixed else _EVALUATION_BATCH
        scoring = evaluate_in_steps(model or self.model, subset, self.job.recipe.normalization, order, size, self.fixed)
        return (yield from scoring)

    def evaluation_order(self, images: int) -> torch.Tensor:
        """In which order a set of so many images is evaluated."""
        return torch.randperm(images, generator=generator(self.job.seed, "evaluate")).to(self.device)
