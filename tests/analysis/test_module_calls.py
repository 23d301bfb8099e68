"""How often each module is called, against torchsummary's own rule: hooks that add up weight and bias."""

import torch
import torch.nn.functional as F
from torch import nn

CONV = 1 * 4 * 9 + 4


def rows(facts):
    return {row.path: (row.parameters, row.calls) for row in facts.parameters.modules}


def hooked(module: nn.Module) -> int:
    """What torchsummary prints as the total, by its published rule."""
    counted = [0]

    def count(called: nn.Module, _inputs: object, _output: object) -> None:
        tensors = (getattr(called, name, None) for name in ("weight", "bias"))
        counted[0] += sum(tensor.numel() for tensor in tensors if hasattr(tensor, "size"))

    for child in module.modules():
        if child is not module and not isinstance(child, nn.Sequential | nn.ModuleList):
            child.register_forward_hook(count)
    module(torch.zeros(2, 1, 28, 28))
    return counted[0]


def predicted(facts) -> int:
    return sum(row.parameters * row.calls for row in facts.parameters.modules if row.path)


def tail(features: torch.Tensor, fc: nn.Module) -> torch.Tensor:
    return fc(features.mean((2, 3)))


def test_a_module_that_is_never_called(measured, model):
    def build():
        def forward(self, x):
            return tail(self.bn(self.conv(x)), self.fc)

        return model(
            forward, conv=nn.Conv2d(1, 4, 3), bn=nn.BatchNorm2d(4), spare=nn.Conv2d(4, 4, 3), fc=nn.Linear(4, 10)
        )

    facts = measured(build)
    assert rows(facts) == {"conv": (CONV, 1), "bn": (8, 1), "spare": (148, 0), "fc": (50, 1)}
    assert facts.parameters.total == CONV + 8 + 148 + 50
    assert predicted(facts) == hooked(build()) == CONV + 8 + 50


def test_a_module_that_is_called_twice_and_one_by_its_weight_only(measured, model):
    def build():
        def forward(self, x):
            x = self.inner(self.inner(self.conv(x)))
            return tail(F.conv2d(x, self.borrowed.weight, self.borrowed.bias), self.fc)

        return model(
            forward,
            conv=nn.Conv2d(1, 4, 3),
            inner=nn.Conv2d(4, 4, 3, padding=1),
            borrowed=nn.Conv2d(4, 4, 1),
            fc=nn.Linear(4, 10),
        )

    facts = measured(build)
    assert rows(facts) == {"conv": (CONV, 1), "inner": (148, 2), "borrowed": (20, 0), "fc": (50, 1)}
    assert predicted(facts) == hooked(build()) == CONV + 2 * 148 + 50


def test_parameters_that_are_neither_weight_nor_bias_are_in_no_row(measured, model):
    def build():
        def forward(self, x):
            return tail(self.conv(x) * self.scale, self.fc)

        return model(forward, conv=nn.Conv2d(1, 4, 3), scale=nn.Parameter(torch.ones(4, 1, 1)), fc=nn.Linear(4, 10))

    facts = measured(build)
    assert rows(facts) == {"conv": (CONV, 1), "fc": (50, 1)}
    assert facts.parameters.total - predicted(facts) == 4
    assert predicted(facts) == hooked(build())


def test_a_shared_weight_counts_at_every_call(measured, model):
    def build():
        first, second = nn.Conv2d(4, 4, 3, bias=False), nn.Conv2d(4, 4, 3, bias=False)
        second.weight = first.weight

        def forward(self, x):
            return tail(self.second(self.first(self.conv(x))), self.fc)

        return model(forward, conv=nn.Conv2d(1, 4, 3), first=first, second=second, fc=nn.Linear(4, 10))

    facts = measured(build)
    assert rows(facts)["first"] == (144, 2)
    assert predicted(facts) == hooked(build()) == facts.parameters.total + 144


def test_the_model_itself_and_frozen_layers(measured, model):
    def build():
        conv = nn.Conv2d(1, 4, 3)
        conv.weight.requires_grad_(False)

        def forward(self, x):
            return tail(conv_of(self, x) + self.bias, self.fc)

        def conv_of(self, x):
            return self.conv(x)

        return model(forward, conv=conv, bias=nn.Parameter(torch.zeros(4, 1, 1)), fc=nn.Linear(4, 10))

    facts = measured(build)
    assert {row.path: row.trainable for row in facts.parameters.modules} == {"": True, "conv": False, "fc": True}
    assert predicted(facts) == hooked(build()) == CONV + 50
