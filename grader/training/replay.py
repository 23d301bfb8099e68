"""A step of work that is captured once and replayed: one launch in place of a hundred.

Source: "CUDA Graphs" in torch's notes on CUDA semantics: warm-up on a side stream, capture, replay.
"""

from collections.abc import Callable, Sequence

import torch

_WARM_UP = 3


def replayable(step: Callable[[], None], state: Sequence[torch.Tensor], device: torch.device) -> Callable[[], None]:
    """`step` as something that does the same each time it is called, without asking the host.

    `step` reads and writes tensors that stay where they are, and `state` are all that it changes and that must be as
    they were when this returns; random numbers of the device's default generator go on as if nothing had been drawn.
    On a CPU it is `step` itself. Raises RuntimeError where the step can't be captured: it waits for the device.
    """
    if device.type != "cuda":
        return step
    saved = [tensor.clone() for tensor in state]
    randomness = torch.cuda.get_rng_state(device)
    try:
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                step()
        torch.cuda.current_stream(device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # Other threads may talk to the device meanwhile: theirs is none of this capture.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            step()
    finally:
        torch.cuda.synchronize(device)
        for tensor, value in zip(state, saved, strict=True):
            tensor.copy_(value)
        torch.cuda.set_rng_state(randomness, device)
    return graph.replay
