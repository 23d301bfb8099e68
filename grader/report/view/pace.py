"""How fast a run trained, in a sentence, beside what its hardware reaches."""

from grader.model.pace import SIDE_BY_SIDE, Pace
from grader.model.training import TrainingRun
from grader.report.notation import count


def pace_sentence(run: TrainingRun) -> str:
    """Empty where it was not measured: a run that was interrupted, or an old report."""
    pace = Pace.of_entries(run.environment)
    if pace is None:
        return ""
    where = "one thread of that machine" if pace.share_of_copy is None else "that GPU"
    sentence = (
        f"Trained {count(round(pace.images_per_second))} images/s at {_arithmetic(pace.gflop_per_second)}, evaluation "
        f"included: {_share(pace.share_of_sgemm)} of the {_arithmetic(pace.sgemm_gflop_per_second)} that matrix "
        f"products reach on {where}"
    )
    if pace.copy_gigabytes_per_second is not None and pace.share_of_copy is not None:
        copied = f"{count(round(pace.copy_gigabytes_per_second))} GB/s"
        share = _share(pace.share_of_copy)
        sentence += f", and {share} of the {copied} that its memory moves in a copy, counted without fusion"
    at_once = run.environment.get(SIDE_BY_SIDE, "1")
    if at_once in ("", "1") or not (at_once.isascii() and at_once.isdigit() and len(at_once) < 5):
        return f"{sentence}."
    return f"{sentence}. That is its own part: up to {at_once} trainings took turns."


def _arithmetic(gflop_per_second: float) -> str:
    """19.24 → "19 GFLOP/s", 52400.0 → "52 TFLOP/s"."""
    number, unit = (gflop_per_second / 1000, "TFLOP/s") if gflop_per_second >= 1000 else (gflop_per_second, "GFLOP/s")
    return f"{_two_digits(number)} {unit}"


def _share(share: float) -> str:
    """0.171 → "17 %", 0.0043 → "0.43 %"."""
    return f"{_two_digits(share * 100)} %"


def _two_digits(number: float) -> str:
    """At least as many as tell it from its neighbours: 171.3 → "171", 4.28 → "4.3"."""
    return count(round(number)) if number >= 9.95 else f"{number:.2g}"
