"""What was tried on a model to see whether its accuracy comes from training. Accuracies are fractions 0 to 1."""

from grader.model.base import Frozen


class Measured(Frozen):
    """An accuracy on so many images, and its 95 % Wilson interval."""

    accuracy: float
    images: int
    interval: tuple[float, float]


class Regrouped(Frozen):
    """Images that the trained model answered once more, beside other images and at other places of their batch."""

    before: Measured  # in the batches that the accuracy was measured in
    after: Measured
    changed: float  # share of these images that got another class


class ShortTraining(Frozen):
    """The recipe in small, several times from the same initial weights and over the same images."""

    images: int  # that each of them trained on, all epochs together
    true_labels: Measured
    permuted_labels: Measured  # classes renamed for training; whether it gives the new names
    old_names: Measured  # trained on renamed classes; whether it gives the true ones all the same
    shuffled_values: Measured | None = None  # what the graph stores in another order; None: it broke off


class Disturbed(Frozen):
    """The best model on the same images three times."""

    plain: Measured
    noise: Measured  # every pixel off by a few grey levels
    shift: Measured  # every image moved by one pixel


class Probes(Frozen):
    """Evidence for and against memory. The last two are there only where the model gave reason to look closer."""

    chance: float  # the accuracy of always answering the most frequent class
    untrained: Measured  # before the first step
    stored: int = 0  # values that the graph holds outside its parameters, and parameters that begin near a given one
    regrouped: Regrouped | None = None  # None: the run did not come to its end
    short_training: ShortTraining | None = None
    disturbed: Disturbed | None = None
