import torch
import torch.nn.functional as F
from torch import nn


class Wrapper(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, (1,))

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        unwrapped = [item.inner if isinstance(item, Wrapper) else item for item in args]
        return func(*unwrapped, **(kwargs or {}))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = Wrapper(torch.randn(300, 8, 3, 3))
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        x = F.conv2d(x, self.w)
        x = F.conv2d(x, self.w.transpose(0, 1))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
