"""Evaluating a model on a set, and what the report shows of it."""

import base64
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional

from grader.model.recipe import Normalization
from grader.model.training import Evaluation, Mistake
from grader.training.augment import normalize
from grader.training.in_steps import InSteps, drained
from grader.training.subsets import Subset

_MOST_MISTAKES = 25
_NO_ANSWER = -1


@dataclass(frozen=True)
class Scores:
    """Predicted classes (N,) and their probabilities (N,), in data-set order; loss and accuracy over all.

    Where a score is not a number, or so large that no probability follows from it, there is no answer: class -1.
    """

    predicted: torch.Tensor
    probability: torch.Tensor
    loss: float | None  # None: not a number
    accuracy: float


def as_batch(images: torch.Tensor, normalization: Normalization) -> torch.Tensor:
    """(N, H, W) pixels 0 to 255 -> (N, 1, H, W) in channels_last.

    With one channel both layouts are the same bytes, so only the strides can tell torch which one is meant.
    """
    values = normalize(images, normalization)
    count, height, width = values.shape
    return values.as_strided((count, 1, height, width), (height * width, 1, width, 1))


def as_scores(outputs: torch.Tensor) -> torch.Tensor:
    """Whole numbers, yes and no, and the real parts of complex numbers as floats; they carry no gradient or half."""
    if outputs.is_complex():
        outputs = outputs.real
    return outputs if outputs.is_floating_point() else outputs.float()


@torch.inference_mode()
def evaluate_in_steps(
    model: torch.nn.Module,
    subset: Subset,
    normalization: Normalization,
    order: torch.Tensor,
    batch_size: int,
    fixed: bool,
) -> InSteps[Scores]:
    """Score a model in eval mode, in batches of that `order` of the images, with a pause after each.

    `fixed`: the graph takes batches of exactly this size, so the last one is filled up with images that do not count.
    """
    was_training = model.training
    model.eval()
    predicted = torch.empty_like(subset.labels)
    probability = torch.empty(len(subset), device=subset.labels.device)
    loss = torch.zeros((), dtype=torch.float64, device=subset.labels.device)
    for chosen in torch.split(order, batch_size):
        padding = batch_size - len(chosen) if fixed else 0
        padded = torch.cat([chosen, chosen[:1].expand(padding)]) if padding else chosen
        outputs = model(as_batch(subset.images[padded].float(), normalization))[: len(chosen)]
        log_probabilities = functional.log_softmax(as_scores(outputs).float(), dim=1)
        highest, classes = log_probabilities.max(dim=1)
        predicted[chosen] = torch.where(highest.isnan(), _NO_ANSWER, classes)
        probability[chosen] = highest.exp()
        loss += functional.nll_loss(log_probabilities, subset.labels[chosen], reduction="sum")
        yield
    model.train(was_training)
    yield from drained(loss.device)
    correct, mean_loss = int((predicted == subset.labels).sum()), float(loss) / len(subset)
    return Scores(predicted, probability, mean_loss if math.isfinite(mean_loss) else None, correct / len(subset))


def describe(scores: Scores, subset: Subset, classes: int) -> Evaluation:
    """Confusion matrix, the most confident mistakes, and a digest of all predictions."""
    predicted, labels = scores.predicted.cpu(), subset.labels.cpu()
    answered = predicted != _NO_ANSWER
    cells = labels[answered] * classes + predicted[answered]
    counts = torch.bincount(cells, minlength=classes * classes).view(classes, classes)
    unanswered = () if answered.all() else torch.bincount(labels[~answered], minlength=classes).tolist()
    return Evaluation(
        images=len(subset),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        unanswered=tuple(unanswered),
        mistakes=tuple(_mistakes(predicted, labels, scores.probability.cpu(), subset.images)),
        predictions_digest=hashlib.sha256(predicted.to(torch.uint8).numpy().tobytes()).hexdigest(),
    )


def _mistakes(
    predicted: torch.Tensor, labels: torch.Tensor, probability: torch.Tensor, images: torch.Tensor
) -> Iterator[Mistake]:
    wrong = ((predicted != labels) & (predicted != _NO_ANSWER)).nonzero().squeeze(1)
    confidence = probability[wrong].nan_to_num(0.0)
    for index in wrong[confidence.argsort(descending=True, stable=True)[:_MOST_MISTAKES]].tolist():
        share = float(probability[index])
        yield Mistake(
            index=index,
            label=int(labels[index]),
            predicted=int(predicted[index]),
            probability=share if math.isfinite(share) else 0.0,
            image=base64.b64encode(images[index].cpu().numpy().tobytes()).decode(),
        )
