"""The element types that a graph may name, as torch knows them."""

import torch

from grader.graph.element_types import SAFETENSORS

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in SAFETENSORS}
