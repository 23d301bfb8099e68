"""A job survives its journey to the training process, whatever its graph holds."""

import math
from pathlib import Path

from grader.model.graph import Export
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.job import TrainingJob, read_job, write_job


def test_a_job_is_read_as_it_was_written(small: Export, tmp_path: Path) -> None:
    node = small.graphs.train.nodes[0]
    mixed = (1, 2.0, True, None, "same")
    odd = node.model_copy(update={"kwargs": {"a": math.inf, "b": -math.inf, "c": mixed, "d": "Infinity"}})
    graph = small.graphs.train.model_copy(update={"nodes": (odd, *small.graphs.train.nodes[1:])})
    export = small.model_copy(update={"graphs": small.graphs.model_copy(update={"train": graph})})
    job = TrainingJob(
        export=export,
        recipe=Recipe(optimizer=Sgd(lr=0.1)),
        task=Task(dataset="digits"),
        seed=3,
        target=0.5,
        data_dir=tmp_path / "data",
    )
    write_job(job, tmp_path)
    read = read_job(tmp_path)
    assert read == job
    assert list(map(type, read.export.graphs.train.nodes[0].kwargs["c"])) == list(map(type, mixed))
