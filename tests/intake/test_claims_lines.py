"""What one line states: parameters, accuracy, epochs, receptive field, features."""

import pytest

from grader.intake.claims.accuracy import read_accuracies
from grader.intake.claims.epochs import read_epochs
from grader.intake.claims.features import read_features
from grader.intake.claims.markup import plain
from grader.intake.claims.parameters import read_lone_total, read_parameters
from grader.intake.claims.receptive_field import read_fields, read_note
from grader.model.claims import (
    AccuracyClaim,
    EpochsClaim,
    FeatureClaim,
    ParameterClaim,
    ReceptiveFieldClaim,
    Statement,
)


def parameters(line: str) -> list[tuple[float, str, str]]:
    claims = [found.statement for found in read_parameters(plain(line))]
    return [(c.figure.value, c.figure.relation, c.scope) for c in claims if isinstance(c, ParameterClaim)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Total params: 13,808", [(13808, "exactly", "total")]),
        ("Trainable params: 13,808", [(13808, "exactly", "trainable")]),
        ("Non-trainable params: 0", [(0, "exactly", "non_trainable")]),
        ("- **Parameter Count**: 8,530 (well under the 25,000 limit)", [(8530, "exactly", "total")]),
        ("a CNN with 6,379,786 number of parameters", [(6379786, "exactly", "total")]),
        ("Test accuracy of 99.4% in 20 epochs with 10,218 parameters.", [(10218, "exactly", "total")]),
        ("Parameters: 11k (10,790)", [(10790, "exactly", "total")]),
        (
            "< 20,000 trainable parameters (**17,682 total**)",
            [(20000, "less_than", "trainable"), (17682, "exactly", "total")],
        ),
        ("Lightweight CNN (<25k params)", [(25000, "less_than", "total")]),
        ("the total paramters of the model is around 17K", [(17000, "about", "total")]),
        ("This model uses 17.682 parameters", [(17682, "exactly", "total")]),
        ("Layer: conv1.weight | Parameters: 72", [(72, "exactly", "layer")]),
        ("Params size (MB): 0.06", []),
        ("46% parameter reduction", []),
        ("+463 params against the baseline", []),
        ("Eliminated ~2,400 FC parameters", []),
        ("The total parameters were reduced by around 4k", []),
        ("hyperparameters: 12", []),
        ("the same parameters for 20 epochs", []),
        ("Parameter limit: ok (482 under)", []),
    ],
)
def test_parameters(line: str, wanted: list[tuple[float, str, str]]) -> None:
    assert parameters(line) == wanted


def test_a_number_alone_is_a_total() -> None:
    assert read_lone_total("13808\n") == 13808
    assert read_lone_total("13808 5") is None


def accuracies(line: str, context: str = "") -> list[AccuracyClaim]:
    claims = [found.statement for found in read_accuracies(plain(line), context=context)]
    return [claim for claim in claims if isinstance(claim, AccuracyClaim)]


@pytest.mark.parametrize(
    ("line", "value", "subset", "role", "epoch"),
    [
        ("Best Test Accuracy: **99.41%** (Epoch 15)", 0.9941, "test", "best", 15),
        ("Best test accuracy 99.4 %", 0.994, "test", "best", None),
        ("Final Test Accuracy: 99.42", 0.9942, "test", "final", None),
        ("Validation accuracy: 0.9941", 0.9941, "validation", "unknown", None),
        ("val_accuracy=0.9931 - val_loss: 0.0213", 0.9931, "validation", "unknown", None),
        ("achieves 99.4% validation accuracy", 0.994, "validation", "best", None),
        ("Training accuracy: 98.5%", 0.985, "train", "unknown", None),
        ("Training completed. Best accuracy: 99.42%", 0.9942, "unknown", "best", None),
        ("An accurarcy of 99.46 in the 19th epoch", 0.9946, "unknown", "unknown", 19),
        ("Test accuracy after the last epoch = 99.48 %", 0.9948, "test", "final", None),
        ("an accuracy of 97.39% on the test dataset after just 1 epoch", 0.9739, "test", "unknown", 1),
        ("It peaked at an accuracy of 99.45% at epoch 12", 0.9945, "unknown", "best", 12),
        ("Epoch 8: first 99%+ (99.13%)", 0.9913, "unknown", "unknown", 8),
        ("Final: 99.36% (Epoch 20)", 0.9936, "unknown", "final", 20),
    ],
)
def test_accuracy(line: str, value: float, subset: str, role: str, epoch: int | None) -> None:
    (claim,) = accuracies(line)
    assert claim.figure.value == pytest.approx(value)
    assert (claim.subset, claim.role, claim.epoch) == (subset, role, epoch)


def test_a_fraction_beats_its_rounded_percentage() -> None:
    (claim,) = accuracies("Test set: Average loss: 0.0204, Accuracy: 9942/10000 (99%)")
    assert (claim.correct, claim.total, claim.figure.value, claim.figure.tolerance) == (9942, 10000, 0.9942, 0)
    assert claim.subset == "test"


def test_train_and_test_of_one_line_are_told_apart() -> None:
    first = accuracies("Epoch 11: Train Loss: 0.0395 | Train Acc: 98.77% | Test Loss: 0.0320 | Test Acc: 99.15%")
    second = accuracies("Epoch  1/15 | Train: 1.3425 (68.23%) | Test: 0.3740 (95.55%) | LR: 0.000708")
    third = accuracies("Epoch 12: Train=99.74%, Val=99.40%")
    assert [(c.figure.value, c.subset, c.epoch) for c in first] == [(0.9877, "train", 11), (0.9915, "test", 11)]
    assert [(c.figure.value, c.subset) for c in second] == [(0.6823, "train"), (0.9555, "test")]
    assert [(c.figure.value, c.subset) for c in third] == [(0.9974, "train"), (0.994, "validation")]


def test_progress_bars() -> None:
    (claim,) = accuracies("Loss=0.01 Batch_id=468 Accuracy=98.77: 100%|██████████| 469/469 [00:20<00:00, 23it/s]")
    assert (claim.figure.value, claim.subset) == (0.9877, "train")
    assert accuracies("Loss=0.01 Batch_id=100 Accuracy=90.10:  21%|██        | 100/469 [00:20<00:00]") == []


def test_a_bare_value_under_a_title() -> None:
    (claim,) = accuracies("99.25 (11th Epoch)", context="Best Test Accuracy:")
    assert (claim.figure.value, claim.subset, claim.role, claim.epoch) == (0.9925, "test", "best", 11)


@pytest.mark.parametrize(
    "line",
    [
        "Dropout (10%) after each block improves accuracy",
        "0.17% accuracy improvement",
        "All models are ~0.05% short of the accuracy",
        "Early stopping: triggered at 99.4% test accuracy",
        "43% parameter reduction",
        "trained for 20 epochs, accuracy not measured",
    ],
)
def test_no_accuracy(line: str) -> None:
    assert accuracies(line) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Epochs: 20", (20, "exactly", "training")),
        ("num_epochs = 15", (15, "exactly", "training")),
        ("Trained for 40 epochs and reached 99.42%", (40, "exactly", "training")),
        ("99.4% accuracy in under 20 epochs", (20, "less_than", "target")),
        ("Less than or equal to 15 Epochs", (15, "at_most", "training")),
        ("accuracy above 95% in a single epoch", (1, "exactly", "target")),
        ("target reached at epoch 11", (11, "exactly", "target")),
        ("Training Time: ~19 epochs", (19, "about", "training")),
    ],
)
def test_epochs(line: str, wanted: tuple[float, str, str]) -> None:
    (found,) = read_epochs(plain(line))
    claim = found.statement
    assert isinstance(claim, EpochsClaim)
    assert (claim.figure.value, claim.figure.relation, claim.of) == wanted


@pytest.mark.parametrize("line", ["every 6 epochs", "over the last 5 epochs", "3 epochs faster", "after the 6th epoch"])
def test_parts_of_a_training_are_no_epochs(line: str) -> None:
    assert read_epochs(line) == []


@pytest.mark.parametrize(
    ("line", "value", "layer"),
    [
        ("Receptive field: 28", 28, ""),
        ("RF=28x28", 28, ""),
        ("RF 40", 40, ""),
        ("Final RF: 32×32 (covers the entire 28×28 digit)", 32, ""),
        ("proper calculation (32x32 final RF)", 32, ""),
        ("The network has a receptive field of 40 pixels", 40, ""),
        ("Reached receptive field of 24 at the 5th convolutional layer", 24, "5th convolutional layer"),
        ("Conv1: RF 3", 3, "Conv1"),
    ],
)
def test_receptive_field(line: str, value: float, layer: str) -> None:
    (found,) = read_fields(plain(line))
    claim = found.statement
    assert isinstance(claim, ReceptiveFieldClaim)
    assert (claim.figure.value, claim.layer) == (value, layer)


@pytest.mark.parametrize("line", ["max pooling at RF=5", "where the field sees digits (RF 11-15)", "RF of 5% is odd"])
def test_fields_in_passing_are_no_claim(line: str) -> None:
    assert read_fields(line) == []


@pytest.mark.parametrize(
    ("note", "wanted"),
    [
        ("28x28x1 -> 26x26x8, RF 3", (28, 26, 3)),
        ("#28x28x1 > 28x28x4 : RF: 3x3", (28, 28, 3)),
        ("input -28 OUtput-26 RF-3", (28, 26, 3)),
        ("n_in=28, n_out=26, RF=3", (28, 26, 3)),
        ("28x28x6, RF: 3x3", (None, 28, 3)),
    ],
)
def test_notes_beside_layers(note: str, wanted: tuple[int | None, int, int]) -> None:
    row = read_note(note, "conv1", 7)
    assert row is not None
    assert (row.size_in, row.size_out, row.receptive_field, row.layer, row.line) == (*wanted, "conv1", 7)


def features(line: str, item: bool = True) -> list[tuple[str, bool, int | None, tuple[float, ...]]]:
    claims: list[Statement] = [found.statement for found in read_features(plain(line), item=item)]
    return [(c.feature, c.present, c.count, c.rates) for c in claims if isinstance(c, FeatureClaim)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("- [x] Batch Normalization", [("batch_norm", True, None, ())]),
        ("- [ ] Dropout", [("dropout", False, None, ())]),
        ("✅ Dropout (0.1)", [("dropout", True, None, (0.1,))]),
        ("❌ GAP", [("gap", False, None, ())]),
        ("Uses batch norm", [("batch_norm", True, None, ())]),
        ("4 BN layers", [("batch_norm", True, 4, ())]),
        ("two fully connected layers at the end", [("fc", True, 2, ())]),
        ("no fully connected layer", [("fc", False, None, ())]),
        ("Uses GAP instead of fully connected layers", [("gap", True, None, ()), ("fc", False, None, ())]),
        ("Dropout rate: 5%", [("dropout", True, None, (0.05,))]),
        ("Dropout: 0.03 → 0.03 → 0.02", [("dropout", True, None, (0.03, 0.03, 0.02))]),
        ("Dropout: the model does not include it", [("dropout", False, None, ())]),
        ("Batch normalization is a technique for training deep networks", []),
        ("When do we introduce dropout?", []),
        ("Either a fully connected layer or none", []),
    ],
)
def test_features(line: str, wanted: list[tuple[str, bool, int | None, tuple[float, ...]]]) -> None:
    text = line[2:] if line.startswith("- ") else line
    assert features(text) == wanted
