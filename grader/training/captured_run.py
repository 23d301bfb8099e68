"""A run whose steps are captured: an epoch is prepared on the device, and its steps replayed without the host.

What differs from `TorchRun` is how, not what: the order of images, the rates and the optimizer's rules are the same.
Augmentation draws an epoch at a time and not a batch at a time, so its random numbers fall on other images.
"""

import time
from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from grader.training.augment import normalize
from grader.training.evaluate import as_scores
from grader.training.events import Advanced, Emit
from grader.training.flat_optimizers import flat_optimizer, own_momentum
from grader.training.flat_parameters import FlatParameters
from grader.training.in_steps import InSteps, drained
from grader.training.job import TrainingJob
from grader.training.replay import replayable
from grader.training.schedule import Clock, Rates
from grader.training.subsets import Subsets
from grader.training.torch_run import SECONDS_BETWEEN_SIGNS, TorchRun

_PREPARED = 10_000  # images that are augmented at a time


class CapturedRun(TorchRun):
    """One model in training, with everything that a step needs on the device.

    Raises RuntimeError where a step of this graph can't be captured; `TorchRun` trains it then.
    """

    def __init__(self, job: TrainingJob, parts: Subsets, device: torch.device, emit: Emit) -> None:
        super().__init__(job, parts, device, emit)
        self.flat = FlatParameters(self.parameters)
        self.rule = flat_optimizer(job.recipe.optimizer, self.flat.values)
        self.optimizer = None  # its work is the rule's
        count, (height, width) = len(parts.train), parts.train.images.shape[1:]
        self.ordered = torch.zeros(count, height, width, device=device)  # the epoch's images, as the model takes them
        self.labels = torch.zeros(count, dtype=torch.int64, device=device)
        self.rates = torch.zeros(count // self.batch_size + 1, 2, device=device)  # (steps, rate and momentum)
        self.done = torch.zeros((), dtype=torch.int64, device=device)  # steps of this epoch
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.model.train()
        self._steps = {size: self._captured(size) for size in dict.fromkeys(self.batch_sizes(count))}

    @staticmethod
    def takes(job: TrainingJob) -> bool:
        """Whether there is something to train, all of the one element type that a flat vector has."""
        trained = [spec.dtype for spec in job.export.graphs.parameters.values() if spec.requires_grad]
        return bool(trained) and set(trained) == {"float32"}

    def train_in_steps(self, epoch: int, batches: int | None = None) -> InSteps[tuple[float, float, float]]:
        """See `TorchRun.train_epoch`."""
        self.model.train()
        order = self._batches(len(self.parts.train))[:batches]
        rates = self._prepare(epoch, order)
        last_sign = time.monotonic()
        for index, chosen in enumerate(order):
            self._steps[len(chosen)]()
            if time.monotonic() - last_sign > SECONDS_BETWEEN_SIGNS:
                last_sign = time.monotonic()
                self.emit(Advanced(epoch=epoch + 1, share=(index + 1) / len(order)))
            yield
        yield from drained(self.device)
        seen = max(sum(map(len, order)), 1)
        return rates[-1].lr if rates else 0.0, float(self.loss_sum) / seen, int(self.correct) / seen

    def _prepare(self, epoch: int, order: Sequence[torch.Tensor]) -> list[Rates]:
        """Put the epoch on the device: images in their order, augmented and normalised; labels; the steps' rates."""
        train, recipe, begin = self.parts.train, self.job.recipe, 0
        total = len(self.batch_sizes(len(train)))
        factor = self.plateau.factor if self.plateau else 1.0
        rates = [self.schedule.rates(Clock(epoch, index, total), factor) for index in range(len(order))]
        own = own_momentum(recipe.optimizer)
        table = [(rate.lr, own if rate.momentum is None else rate.momentum) for rate in rates]
        self.rates[: len(table)] = torch.tensor(table, device=self.device).view(-1, 2)
        for counter in (self.done, self.loss_sum, self.correct):
            counter.zero_()
        # After all that the host has a hand in: it goes on while the device is at this.
        for chosen in torch.split(torch.cat(list(order)), _PREPARED) if order else ():
            batch, end = train.take(chosen), begin + len(chosen)
            self.ordered[begin:end] = normalize(self._augmented(batch, self.augmenting), recipe.normalization)
            self.labels[begin:end] = batch.labels
            begin = end
        return rates

    def _captured(self, size: int) -> Callable[[], None]:
        within = torch.arange(size, device=self.device)
        state = [self.flat.values, self.flat.gradients, *self.rule.state, *self.model.buffers()]
        state += [self.done, self.loss_sum, self.correct]
        return replayable(lambda: self._replayed(within), state, self.device)

    def _replayed(self, within: torch.Tensor) -> None:
        """One step on the images at `within` (N,) of the batch whose turn it is."""
        size, (height, width) = len(within), self.ordered.shape[1:]
        places = within + self.done * self.batch_size
        images, labels = self.ordered.index_select(0, places), self.labels.index_select(0, places)
        batch = images.as_strided((size, 1, height, width), (height * width, 1, width, 1))  # see `as_batch`
        self.flat.gradients.zero_()
        outputs = as_scores(self.model(batch))
        smoothing = self.job.recipe.loss.label_smoothing
        loss = functional.cross_entropy(outputs, labels, label_smoothing=smoothing)
        torch.autograd.backward(loss)
        with torch.no_grad():
            self._clip()
            lr, momentum = self.rates.index_select(0, self.done.view(1))[0].unbind()
            self.rule.step(self.flat.values, self.flat.gradients, lr, momentum)
            self.loss_sum += loss.detach() * size
            self.correct += (outputs.detach().argmax(dim=1) == labels).sum()
            self.done += 1

    def _clip(self) -> None:
        clip, gradients = self.job.recipe.clip, self.flat.gradients
        if clip and clip.value:
            gradients.clamp_(-clip.value, clip.value)
        if clip and clip.norm:
            # torch.nn.utils.clip_grad_norm_, whose total is the norm of the parameters' norms: the vector's own
            gradients.mul_((clip.norm / (torch.linalg.vector_norm(gradients) + 1e-6)).clamp(max=1.0))


def choose_run(job: TrainingJob, parts: Subsets, device: torch.device, emit: Emit) -> tuple[TorchRun, str]:
    """The run for a job, and how its steps are taken: "captured" on a GPU where the graph allows it, else "eager".

    Chosen by device and graph alone, so that a run repeats.
    """
    if device.type == "cuda" and CapturedRun.takes(job):
        try:
            return CapturedRun(job, parts, device, emit), "captured"
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # a step that waits for the device
            pass
    return TorchRun(job, parts, device, emit), "eager"
