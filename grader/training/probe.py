"""Trying whether the accuracy of a run comes from training, or from what the graph brought with it.

Every model is evaluated before its first step, and the trained one once more in other batches. Where it stores values
outside its parameters, or knew the classes before it was trained, it is looked at closer: trained again in small with
renamed classes and with its stored values shuffled, and evaluated on images that are slightly disturbed.

A probe never changes the training: it has models, generators and batches of its own, and the random numbers go on where
they were. Nor can it fail a run: what can't be tried is not there.
"""

import contextlib
from collections.abc import Iterator

import torch

from grader.graph.digest import digest
from grader.graph.prescribed import prescribed
from grader.graph.rebuild import RebuiltModel, rebuild
from grader.graph.shuffled import shuffled
from grader.model.graph import Export
from grader.model.probes import Disturbed, Measured, Probes, Regrouped, ShortTraining
from grader.proportion import wilson_interval
from grader.training.device import derive, generator
from grader.training.disturb import moved, with_noise
from grader.training.evidence import FREE_VALUES, knows_untrained
from grader.training.interpret import Tensors
from grader.training.job import TrainingJob
from grader.training.subsets import Subset, Subsets
from grader.training.torch_run import TorchRun

_MOST_EVALUATED = 5_000  # images: half of MNIST's test set
_MOST_REGROUPED = 500  # images: one batch of an evaluation
_MOST_TRAINED = 10_000  # images of a short training, all epochs together, where one epoch has no more
_MOST_NODES = 1_000  # of a graph; more could hold a memory in its structure


class Prober:
    """Probes one run. `stored` counts the values that the graph holds outside its parameters."""

    def __init__(self, job: TrainingJob, run: TorchRun) -> None:
        self._job, self._run, self._device = job, run, run.device
        # Of the graph as well, so that no graph can hold an answer for the place of an image in this order.
        self._purpose = f"probe {digest(job.export)}"
        self._probes: Probes | None = None

    def before(self) -> Probes | None:
        """The evaluation before the first step."""
        with self._apart():
            labels = self._run.deciding.labels
            chance = int(torch.bincount(labels).max()) / len(labels)
            order = self._run.evaluation_order(len(labels))[:_MOST_EVALUATED]
            model = rebuild(self._job.export, self._job.seed).to(self._device).to(memory_format=torch.channels_last)
            untrained = self._measure(model, self._run.deciding.take(order))
            held = self._job.stored + len(prescribed(self._job.export.graphs))
            self._probes = Probes(chance=chance, untrained=untrained, stored=held)
        return self._probes

    @property
    def looks_closer(self) -> bool:
        """Whether the model gives reason to; known once `before` was called."""
        if self._probes is None:
            return False
        graphs = self._job.export.graphs
        nodes = max(len(graphs.train.nodes), len(graphs.eval.nodes))
        return self._probes.stored >= FREE_VALUES or nodes > _MOST_NODES or knows_untrained(self._probes)

    def after(self, predicted: torch.Tensor, best: Tensors | None) -> Probes | None:
        """Everything; `predicted` (N,) are the classes that the model in training gave at last, in data-set order."""
        if self._probes is None:
            return None
        found: dict[str, object] = {}
        with self._apart():
            found["regrouped"] = self._regroup(predicted)
        if self.looks_closer:
            with self._apart():
                found["short_training"] = self._train_in_small()
            with self._apart():
                found["disturbed"] = self._disturb(best)
        return self._probes.model_copy(update=found)

    @contextlib.contextmanager
    def _apart(self) -> Iterator[None]:
        """Random numbers of its own; what goes wrong ends here."""
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), contextlib.suppress(Exception):
            yield

    def _regroup(self, predicted: torch.Tensor) -> Regrouped:
        deciding = self._run.deciding
        chosen = self._drawn(len(deciding), "regroup")[:_MOST_REGROUPED]
        some, first = deciding.take(chosen), predicted[chosen]
        second = self._run.evaluate(some, model=self._run.model, order=torch.arange(len(some))).predicted
        return Regrouped(
            before=_measured(first, some.labels),
            after=_measured(second, some.labels),
            changed=int((first != second).sum()) / len(some),
        )

    def _train_in_small(self) -> ShortTraining:
        train = self._run.parts.train
        epochs = max(1, min(self._job.epochs, _MOST_TRAINED // len(train)))
        most = max(_MOST_TRAINED, self._run.batch_size)
        if len(train) > most:
            train = train.take(self._drawn(len(train), "short training")[:most])
        labels, export = self._run.deciding.labels, self._job.export
        names = derangement(self._job.task.classes, generator(self._job.seed, "new names")).to(self._device)
        renamed = Subset(train.images, names[train.labels], train.plain)
        learned = self._learn(export, train, labels, epochs)
        relearned = self._learn(export, renamed, names[labels], epochs)
        return ShortTraining(
            images=len(train) * epochs,
            true_labels=_measured(learned, labels),
            permuted_labels=_measured(relearned, names[labels]),
            old_names=_measured(relearned, labels),
            shuffled_values=self._without_memory(train, epochs),
        )

    def _without_memory(self, train: Subset, epochs: int) -> Measured | None:
        with contextlib.suppress(Exception):  # places in a table may be among the values, and not fit any more
            other = shuffled(self._job.export, derive(self._job.seed, "shuffled values"))
            labels = self._run.deciding.labels
            return _measured(self._learn(other, train, labels, epochs), labels)
        return None

    def _learn(self, export: Export, train: Subset, labels: torch.Tensor, epochs: int) -> torch.Tensor:
        """Train that graph from the run's initial weights; what it says (N,) of the images that decide.

        Of the epoch that agrees best with `labels` (N,): a training that breaks down late has still learned.
        """
        update = {
            "export": export,
            "recipe": self._job.recipe.model_copy(update={"epochs": epochs}),
            "task": self._job.task.model_copy(update={"epochs": epochs}),
        }
        parts = Subsets(train=train, validation=None, test=self._run.deciding)
        run = TorchRun(self._job.model_copy(update=update), parts, self._device, emit=lambda _: None)
        best = torch.full_like(labels, -1)
        for epoch in range(epochs):
            run.train_epoch(epoch)
            predicted = run.evaluate(run.deciding).predicted
            if epoch == 0 or int((predicted == labels).sum()) > int((best == labels).sum()):
                best = predicted
        return best

    def _disturb(self, best: Tensors | None) -> Disturbed:
        model = rebuild(self._job.export, self._job.seed).to(self._device).to(memory_format=torch.channels_last)
        if best is not None:
            model.load_state_dict(best)
        some = self._run.deciding.take(self._drawn(len(self._run.deciding), "disturb")[:_MOST_EVALUATED])
        drawing = generator(self._job.seed, "disturb")
        noise, shift = with_noise(some.images, drawing), moved(some.images, drawing)
        plain, noisy, moved_ = (
            self._measure(model, Subset(images, some.labels)) for images in (some.images, noise, shift)
        )
        return Disturbed(plain=plain, noise=noisy, shift=moved_)

    def _measure(self, model: RebuiltModel, subset: Subset) -> Measured:
        order = torch.arange(len(subset))
        return _measured(self._run.evaluate(subset, model=model, order=order).predicted, subset.labels)

    def _drawn(self, images: int, purpose: str) -> torch.Tensor:
        drawing = torch.Generator().manual_seed(derive(self._job.seed, f"{self._purpose} {purpose}"))
        return torch.randperm(images, generator=drawing).to(self._device)


def derangement(classes: int, drawing: torch.Generator) -> torch.Tensor:
    """Another name for each class: a permutation (classes,) that leaves none where it was."""
    while True:
        names = torch.randperm(classes, generator=drawing)
        if not bool((names == torch.arange(classes)).any()):
            return names


def _measured(predicted: torch.Tensor, labels: torch.Tensor) -> Measured:
    correct, images = int((predicted == labels).sum()), len(labels)
    return Measured(accuracy=correct / images, images=images, interval=wilson_interval(correct, images))
