"""Numbers as they are written in READMEs, against the number that is right."""

import pytest

from grader.analysis.claims.figures import fits
from grader.analysis.claims.wording import claimed
from grader.model.claims import (
    AccuracyClaim,
    EpochsClaim,
    FeatureClaim,
    FieldRow,
    FieldTableClaim,
    Figure,
    ParameterClaim,
    ReceptiveFieldClaim,
)


@pytest.mark.parametrize(
    ("figure", "fitting", "other"),
    [
        (Figure(value=17_682), (17_682,), (17_681, 17_683)),
        # 17.6K: rounded from 17,550 to 17,650, or cut from 17,600 to 17,699
        (Figure(value=17_600, tolerance=50), (17_550, 17_649, 17_682, 17_699), (17_549, 17_700)),
        (Figure(value=15_000, relation="about"), (13_500, 16_500), (13_499, 16_501, 7_034)),
        (Figure(value=18_000, relation="about", tolerance=500), (16_200, 19_800), (16_199,)),
        (Figure(value=20, relation="about", tolerance=5), (15, 25), (14, 26)),
        (Figure(value=20_000, relation="less_than", tolerance=500), (19_999,), (20_000, 20_300)),
        (Figure(value=20_000, relation="at_most"), (20_000,), (20_001,)),
        (Figure(value=28, relation="more_than"), (29,), (28,)),
        (Figure(value=28, relation="at_least"), (28, 40), (27,)),
        (Figure(value=0.994, tolerance=0.0005), (0.9935, 0.99499), (0.9934, 0.995)),
    ],
)
def test_what_fits_a_figure(figure: Figure, fitting: tuple[float, ...], other: tuple[float, ...]) -> None:
    assert [value for value in fitting if not fits(figure, value)] == []
    assert [value for value in other if fits(figure, value)] == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ParameterClaim(figure=Figure(value=15_000, relation="about")), "about 15,000 parameters"),
        (ParameterClaim(figure=Figure(value=0), scope="non_trainable"), "0 non-trainable parameters"),
        (ParameterClaim(figure=Figure(value=80), scope="layer", layer="conv1"), "80 parameters in conv1"),
        (
            AccuracyClaim(figure=Figure(value=0.9944), subset="test", correct=9_944, total=10_000),
            "99.44 % (9,944 of 10,000) on the test set",
        ),
        (
            AccuracyClaim(figure=Figure(value=0.994, tolerance=0.0005, relation="at_least"), epoch=8),
            "at least 99.4 % in epoch 8",
        ),
        (AccuracyClaim(figure=Figure(value=0.9941, tolerance=0.00005), subset="train"), "99.41 % in training"),
        (AccuracyClaim(figure=Figure(value=0.99, tolerance=0.005), subset="validation"), "99 % on validation images"),
        (EpochsClaim(figure=Figure(value=20, relation="less_than")), "fewer than 20 epochs of training"),
        (EpochsClaim(figure=Figure(value=1), of="target"), "the target in 1 epoch"),
        (ReceptiveFieldClaim(figure=Figure(value=28), layer="conv7"), "a receptive field of 28 px after conv7"),
        (FieldTableClaim(rows=(FieldRow(layer="conv1"),)), "receptive fields in 1 row"),
        (FeatureClaim(feature="batch_norm", count=4), "4 batch-norm layers"),
        (FeatureClaim(feature="dropout", rates=(0.1, 0.25)), "dropout with rates 0.1 and 0.25"),
        (FeatureClaim(feature="fc", present=False), "no fully connected layer"),
    ],
)
def test_a_claim_in_few_words(statement: object, words: str) -> None:
    assert claimed(statement) == words
