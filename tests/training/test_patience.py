"""How long a training is waited for, second by second."""

from grader.model.training import EpochRecord
from grader.training.events import Advanced, EpochEnded, Started
from grader.training.patience import Patience, in_words

STARTED = Started(environment={}, initializers={}, epochs=3, images=10)
EPOCH = EpochEnded(record=EpochRecord(epoch=1, lr=0.1, train_loss=1.0, train_accuracy=0.5, seconds=1.0))


def advanced(share: float) -> Advanced:
    return Advanced(epoch=1, share=share)


def test_each_epoch_has_its_own_time() -> None:
    patience = Patience(100, now=0)
    patience.note(STARTED, now=20)
    assert patience.left(now=50) == 70
    patience.note(EPOCH, now=110)
    assert patience.left(now=110) == 100
    assert patience.lost(now=209.9) is None
    refused = patience.lost(now=210)
    assert refused is not None
    assert refused.kind == "time"
    assert refused.message == "Epoch 2 did not end in time: at most 2 min are allowed (--epoch-timeout)."


def test_signs_of_life_prolong_nothing() -> None:
    patience = Patience(100, now=0)
    patience.note(STARTED, now=0)
    for second in range(100):
        patience.note(advanced(0.01 * second), now=second)
    assert patience.left(now=99) == 1
    assert patience.lost(now=101) is not None


def test_an_epoch_that_would_take_hours_is_told_early() -> None:
    patience = Patience(1800, now=0)
    patience.note(STARTED, now=0)
    patience.note(advanced(0.001), now=59)  # the first steps are slow
    assert patience.lost(now=59) is None
    patience.note(advanced(0.004), now=72)
    refused = patience.lost(now=72)
    assert refused is not None
    assert refused.message == "One epoch would take about 5 h; at most 30 min are allowed (--epoch-timeout)."


def test_one_that_may_just_fit_is_waited_for() -> None:
    patience = Patience(1800, now=0)
    patience.note(STARTED, now=0)
    patience.note(advanced(0.1), now=269)  # 2,690 s
    assert patience.lost(now=269) is None
    patience.note(advanced(0.1), now=271)
    assert patience.lost(now=271) is not None


def test_a_start_has_ten_minutes() -> None:
    patience = Patience(1, now=0)
    assert patience.lost(now=599) is None
    refused = patience.lost(now=600)
    assert refused is not None
    assert refused.message == "The training did not begin within 10 min."


def test_durations_in_words() -> None:
    assert [in_words(seconds) for seconds in (1.2, 89, 90, 1800, 5400, 36_000)] == [
        *("1 s", "89 s", "2 min", "30 min", "2 h", "10 h")
    ]
