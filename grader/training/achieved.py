"""How fast a run was, beside what its machine can do."""

from grader.graph.cost import Cost, forward_cost
from grader.model.pace import Pace
from grader.training.hardware_limit import HardwareLimit, hardware_limit
from grader.training.torch_run import TorchRun

_FLOP = 2  # of a multiply-accumulate
_FLOAT = 4  # bytes


def achieved(run: TorchRun, epochs: int, seconds: float) -> dict[str, str]:
    """Entries for the environment of a run that took so many seconds for its epochs; none where it can't be told."""
    try:
        pace = _pace(run, epochs, seconds, hardware_limit(run.device))
    except Exception:  # too little memory, most of all; nothing here is worth a run
        return {}
    return pace.to_entries()


def _pace(run: TorchRun, epochs: int, seconds: float, limit: HardwareLimit) -> Pace:
    parts, export = run.parts, run.job.export
    training, evaluation = forward_cost(export, "train"), forward_cost(export, "eval")
    trained = epochs * sum(run.batch_sizes(len(parts.train)))
    evaluated = epochs * sum(len(subset) for subset in (parts.validation, parts.test) if subset is not None)
    learns = bool(run.parameters)
    macs = trained * _macs(training, learns=learns) + evaluated * _macs(evaluation, learns=False)
    moved = trained * _moved(training, learns=learns) + evaluated * _moved(evaluation, learns=False)
    flop_per_second, bytes_per_second = _FLOP * macs / seconds, _FLOAT * moved / seconds
    on_gpu = limit.bytes_per_second
    return Pace(
        images_per_second=trained / seconds,
        gflop_per_second=flop_per_second / 1e9,
        sgemm_gflop_per_second=limit.flop_per_second / 1e9,
        share_of_sgemm=flop_per_second / limit.flop_per_second,
        copy_gigabytes_per_second=None if on_gpu is None else on_gpu / 1e9,
        share_of_copy=None if on_gpu is None else bytes_per_second / on_gpu,
    )


def _macs(cost: Cost, *, learns: bool) -> int:
    """Learning takes each product three times: forward, for the gradient of its input, and for that of its weights.

    A little more than what runs: the first layer's input needs no gradient, and frozen weights have none.
    """
    return cost.macs * (3 if learns else 1)


def _moved(cost: Cost, *, learns: bool) -> int:
    """Elements that operators read and write, each by itself.

    To learn, each reads its inputs and its output's gradient once more, and writes the gradients of its inputs.
    """
    return cost.read + cost.written + (2 * cost.read + cost.written if learns else 0)
