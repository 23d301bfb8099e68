"""Writes the exports of the seed nets, the first inputs of the graph target: `python tests/fuzz/make_seeds.py FOLDER`.

What the fuzzer's corpus holds beyond these was found from them.
"""

import json
import sys
from pathlib import Path

import torch
from seed_nets import SEED_NETS
from targets import INPUT_SHAPE, read_export

from grader.probe.convert import convert
from grader.probe.export import export_pair
from grader.probe.initializers import InitializerRecorder


def export(name: str) -> bytes:
    """graphs.json of a seed net, as the probe writes it."""
    torch.manual_seed(0)
    recorder = InitializerRecorder()
    with recorder:
        model = SEED_NETS[name]()
    train, evaluation, bound = export_pair(model, INPUT_SHAPE, 4, any_batch=True)
    graphs = convert((train, evaluation), model, recorder, INPUT_SHAPE, bound).graphs
    return json.dumps(graphs, separators=(",", ":")).encode()


def main(folder: Path) -> None:
    """Write one file per net, each of which the reader takes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SEED_NETS:
        data = export(name)
        if read_export(data) is None:
            raise SystemExit(f"The reader refuses the export of {name}.")
        (folder / f"{name}.json").write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
