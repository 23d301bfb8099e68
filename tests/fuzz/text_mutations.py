"""Changes to READMEs, outputs and notebooks by the line and the word, from a list of what the readers look for."""

import json
import random
from typing import Any

_SNIPPETS = (
    "Test accuracy: 99.41%", "- **Parameters:** 7,914", "| Layer | Kernel | Stride | RF in | RF out |",
    "|---|---|---|---|---|", "| conv1 | 3x3 | 1 | 1 | 3 |", "Receptive field: 28x28", "Epochs: 20", "## Results",
    "### Model 2: `Net`", "Total params: 13,808", "Epoch 12: Train=98.9%, Val=99.42% (9942/10000)", "BatchNorm: yes",
    "Dropout(0.05) after each block, GAP instead of FC", "99.40% <= accuracy < 99.5 %", "```python", "```", "$x^{2}$",
    "conv2d(16, 3) # 26x26x16 | RF: 5 | 1.2k params", "100%|██████████| 469/469 [00:12<00:00, 37.5it/s, loss=0.01]",
    "Loss=0.024 Batch_id=468 Accuracy=98.77: 100%|", "Test set: Average loss: 0.0211, Accuracy: 9932/10000 (99.32%)",
    "            Conv2d-1           [-1, 8, 26, 26]              80", "Trainable params: 6,118", "under 8k parameters",
    "less than 20,000 parameters in 15 epochs", "the last 5 epochs stay above 99.4 %", "> quoted", "[link](http://a.b)",
    "![image](data:,)", "<table><tr><td>99.4</td></tr></table>", "===", "---", "***", "1e308 params", "9" * 400,
    "0.9941", "99.4±0.1%", "19.9K", "~8 thousand params", "20k", "1.5M", "99,41 %", "\t- [x] uses BN",
)  # fmt: skip
_PIECES = ("%", "99.4", " ", "\t", "|", "-", "`", "*", "#", "(", ")", "[", "]", "<", ">", ".", ",", ":", "/", "x",
           "accuracy ", "params ", "epoch ", "RF ", "best ", "test ", "\r", "\n", "\x1b[31m", "\\", "é", "−", "\u202e",
           "\u0660", "²", "½", "𝟗", "9", "_", "=", "~", "≤", "&lt;", "&#x110000;", "﷽")  # fmt: skip
_PYTHON = (
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Conv2d(1, 8, 3)\n"
    "    def forward(self, x):\n        return self.a(x)\n",
    "model = Net().to(device)\n", "optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)\n",
    "for epoch in range(1, EPOCHS + 1):\n    train(model, epoch)\n    scheduler.step()\n", "EPOCHS = 15\n",
    "scheduler = OneCycleLR(optimizer, max_lr=0.1, epochs=EPOCHS, steps_per_epoch=len(train_loader))\n",
    "train_loader = DataLoader(datasets.MNIST('.', transform=T), batch_size=128, shuffle=True)\n",
    "T = transforms.Compose([transforms.RandomRotation((-7, 7)), transforms.ToTensor()])\n", "from net import *\n",
    "%matplotlib inline\n", "!pip install torchsummary\n", "%%writefile net.py\n", "while True:\n    x = [x, x]\n",
    "x = 9 ** 9 ** 9 ** 9\n", "x = 'a' * 10 ** 10\n", "x = [0] * 10 ** 12\n", "x = list(range(10 ** 12))\n",
    "f = lambda f: f(f)\nf(f)\n", "def g(n):\n    return g(n + 1)\ng(0)\n", "x = 1 << (1 << 40)\n",
    "for a in range(10**6):\n  for b in range(10**6):\n    c = a * b\n", "x = {}\nx[x] = x\n", "a = b = a\n",
    "class A(A):\n    pass\n", "import a.b.c as d\nfrom .. import e\n", "def h(*a, **k):\n    return h(*a, **k)\n",
    "d = {**d, 'lr': [d for d in d]}\n", "f'{x!r:>{10**9}}'\n", "'%0*d' % (10**9, 1)\n", "'x'.center(10**10)\n",
    "match x:\n    case {'a': [*b]}:\n        pass\n", "async def k():\n    await k()\n", "x: 'int' = -----1\n",
    "nn.Sequential(*[nn.Linear(8, 8) for _ in range(10**9)])\n", "if __name__ == '__main__':\n    main()\n",
    "parser.add_argument('--lr', type=float, default=1e400)\n", "global x\n", "with open('a') as f: pass\n", "\f\n",
    "x = round(float('nan'))\n", "x = int('9' * 5000)\n", "lr = 0.1 / 0\n", "x = 1e308 * 10\n", "x = -1 ** 0.5\n",
    "print(len('a' * 2**62))\n", "x = '{:{}}'.format(1, 10**10)\n", "x = sum([[]] * 10**9, [])\n", "x = divmod(1, 0)\n",
)  # fmt: skip


def mutate_text(data: bytes, numbers: random.Random, most: int) -> bytes:
    """A README or an output changed in one to four places."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(numbers.randrange(1, 5)):
        _change_lines(lines, numbers, _SNIPPETS)
    return "\n".join(lines).encode("utf-8", "surrogateescape")[:most]


def mutate_notebook(data: bytes, numbers: random.Random, most: int) -> bytes | None:
    """A notebook with another cell, a changed one, or a damaged field; None where it is no notebook."""
    try:
        notebook = json.loads(data)
        cells = notebook["cells"]
        for _ in range(numbers.randrange(1, 4)):
            _change_cells(cells, numbers)
        if numbers.random() < 0.05:
            key = numbers.choice(("cells", "worksheets", "nbformat", "metadata"))
            notebook[key] = numbers.choice(([], {}, None, [{"cells": cells}], [None], "cells"))
        changed = json.dumps(notebook).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return changed if len(changed) <= most else None


def _change_cells(cells: list[Any], numbers: random.Random) -> None:
    match numbers.randrange(6):
        case 0:
            cells.insert(numbers.randrange(len(cells) + 1), _cell(numbers.choice(_PYTHON)))
        case 1 if len(cells) > 1:
            cells.append(cells.pop(numbers.randrange(len(cells))))
        case 2 if cells:
            cell = numbers.choice(cells)
            key = numbers.choice(list(cell) or ["source"])
            cell[key] = numbers.choice((None, 1, -1, 2**70, 1.5, True, "", [], {}, [1, None], ["a\r", "b"], "markdown"))
        case _ if cells:
            cell = numbers.choice(cells)
            source = cell.get("source", "")
            lines = ("".join(source) if isinstance(source, list) else str(source)).split("\n")
            _change_lines(lines, numbers, _PYTHON)
            cell["source"] = "\n".join(lines)
        case _:
            cells.append(_cell(numbers.choice(_PYTHON)))


def _cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "execution_count": None, "outputs": [], "metadata": {}}


def _change_lines(lines: list[str], numbers: random.Random, snippets: tuple[str, ...]) -> None:
    at = numbers.randrange(len(lines))
    match numbers.randrange(8):
        case 0 | 1:
            lines.insert(at, numbers.choice(snippets))
        case 2:
            lines[at:at] = lines[at : at + numbers.randrange(1, 4)] * numbers.choice((1, 1, 2, 20))
        case 3 if len(lines) > 1:
            del lines[at]
        case 4 if len(lines) > 1:
            other = numbers.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 5:
            lines[at] = numbers.choice((" ", "  ", "    ", "\t", "- ", "# ", "> ")) + lines[at]
        case 6:
            words = lines[at].split(" ")
            words[numbers.randrange(len(words))] = numbers.choice(snippets[numbers.randrange(len(snippets))].split(" "))
            lines[at] = " ".join(words)
        case _:
            place = numbers.randrange(len(lines[at]) + 1)
            piece = numbers.choice(_PIECES) * numbers.choice((1, 1, 1, 2, 3, 50))
            lines[at] = lines[at][:place] + piece + lines[at][place + numbers.randrange(4) :]
