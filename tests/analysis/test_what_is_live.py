"""Batch norm, dropout and parameters: only what can influence the output counts, in-place operators included."""

import torch
import torch.nn.functional as F
from torch import nn


def end(self, x):
    return self.fc(x.mean((2, 3)))


def layers(**more):
    return {"conv": nn.Conv2d(1, 4, 3), "norm": nn.BatchNorm2d(4), "fc": nn.Linear(4, 10), **more}


def test_batch_norm_written_in_place_of_the_map(measured, model):
    """`relu_` returns what nobody reads, but it wrote into what is read; `copy_` into a view of it."""

    def forward(self, x):
        x = self.conv(x)
        F.relu_(x)
        x[:, :2].copy_(self.norm(x)[:, :2])
        return end(self, x)

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.batch_norm.layers, facts.batch_norm.runs) == (1, True)
    assert "relu" in [layer.op for layer in facts.layers]


def test_in_place_on_a_copy_does_not_reach_the_original(measured, model):
    def forward(self, x):
        x = self.conv(x)
        x.clone().add_(self.norm(x))
        return end(self, x)

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.batch_norm.layers, facts.parameters.unused) == (0, 8)


def test_writing_into_one_half_leaves_the_other(measured, model):
    def forward(self, x):
        x = self.conv(x)
        first, second = x[:, :2], x[:, 2:]
        first.add_(self.part(first))
        return self.fc(second.repeat(1, 2, 1, 1).mean((2, 3)))

    facts = measured(lambda: model(forward, **layers(part=nn.BatchNorm2d(2))))
    # The halves share memory, so the write may reach: counted, as it can't be told apart without looking at ranges
    assert facts.batch_norm.layers == 1


def test_only_the_size_of_a_result_is_used(measured, model):
    def forward(self, x):
        x = self.conv(x)
        normed = self.norm(x)
        noise = torch.zeros_like(normed)
        return self.fc((x + noise).view(normed.size(0), 4, -1).mean(2))

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.batch_norm.layers, facts.batch_norm.runs) == (0, False)


def test_batch_norm_without_running_statistics_runs_always(measured, model):
    facts = measured(
        lambda: model(
            lambda self, x: end(self, self.norm(self.conv(x))),
            **layers(norm=nn.BatchNorm2d(4, track_running_stats=False)),
        )
    )
    assert (facts.batch_norm.layers, facts.batch_norm.runs, facts.batch_norm.frozen) == (1, True, 0)


def test_convolutions_that_lack_batch_norm(measured, model):
    """Order does not matter (conv, ReLU, pool, BN), nor a sum on the way; the next convolution ends it."""

    def forward(self, x):
        x = self.norm(F.max_pool2d(F.relu(self.conv(x)), 2))
        x = self.plain(x)
        return end(self, self.late(self.first(x) + self.second(x)))

    four = {name: nn.Conv2d(4, 4, 1) for name in ("plain", "first", "second")}
    facts = measured(lambda: model(forward, **layers(**four, late=nn.BatchNorm2d(4))))
    assert facts.batch_norm.convolutions_without == ("plain",)


def test_dropout_rates_and_what_is_off(measured, model):
    def forward(self, x):
        x = self.zero(self.conv(x))
        F.dropout(x, 0.9)  # thrown away
        x = F.dropout2d(F.dropout(x, 0.3, training=False), 0.2, self.training)
        return end(self, self.alpha(x))

    facts = measured(lambda: model(forward, **layers(zero=nn.Dropout(0.0), alpha=nn.AlphaDropout(0.1))))
    assert facts.dropout.layers == 4
    assert facts.dropout.rates == (0.0, 0.3, 0.2, 0.1)
    assert facts.dropout.runs
    assert not facts.dropout.active_in_eval


def test_dropout_that_never_drops(measured, model):
    def forward(self, x):
        return end(self, F.dropout(self.zero(self.conv(x)), 0.5, training=False))

    facts = measured(lambda: model(forward, **layers(zero=nn.Dropout(0.0))))
    assert (facts.dropout.rates, facts.dropout.runs) == ((0.0, 0.5), False)


def test_dropout_active_at_evaluation(measured, model):
    facts = measured(lambda: model(lambda self, x: end(self, F.dropout(self.conv(x), 0.5)), **layers()))
    assert (facts.dropout.layers, facts.dropout.runs, facts.dropout.active_in_eval) == (1, True, True)


def test_dropout_inside_attention(measured, model):
    def forward(self, x):
        x = self.conv(x).flatten(2).transpose(1, 2)[:, :49]
        return self.fc(F.scaled_dot_product_attention(x, x, x, dropout_p=0.2 if self.training else 0.0).mean(1))

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.dropout.rates, facts.dropout.runs, facts.dropout.active_in_eval) == ((0.2,), True, False)


def test_parameter_counts(measured, model):
    """Shared once, unused counted, frozen not trainable; buffers and constants only under `counted`."""

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)) * self.scale + self.shift)
        x = x.mean((2, 3))
        return self.fc(x) + self.tied(x) + torch.tensor([1.0] * 10)

    def build():
        net = model(
            forward,
            **layers(
                tied=nn.Linear(4, 10, bias=False),
                idle=nn.Linear(7, 3),
                idle_norm=nn.BatchNorm2d(5),
                scale=nn.Parameter(torch.ones(4, 1, 1)),
                shift=torch.zeros(4, 1, 1),
                table=torch.zeros(6),
            ),
        )
        net.tied.weight = net.fc.weight
        net.conv.bias.requires_grad_(False)
        return net

    facts = measured(build)
    total = 40 + 8 + 50 + 24 + 10 + 4
    assert facts.parameters.total == total
    assert facts.parameters.trainable == total - 4
    assert facts.parameters.unused == 24 + 10
    # The shift, the table that nobody reads, and the constant; not the statistics of the two batch norms
    assert facts.parameters.counted == total + 4 + 6 + 10
    assert facts.parameters.by_layer == {"": 4, "conv": 40, "norm": 8, "fc": 50, "idle": 24, "idle_norm": 10}


def test_statistics_read_as_values_are_counted(measured, model):
    def forward(self, x):
        return end(self, self.norm(self.conv(x)) + self.norm.running_mean.view(4, 1, 1))

    facts = measured(lambda: model(forward, **layers()))
    assert facts.parameters.counted == facts.parameters.total + 4


def test_ghost_batch_norm_has_statistics_only(measured, model):
    """Statistics for two halves of the batch; evaluation uses the first four of eight."""

    class Ghost(nn.BatchNorm2d):
        def __init__(self):
            super().__init__(4)
            self.register_buffer("running_mean", torch.zeros(8))
            self.register_buffer("running_var", torch.ones(8))

        def forward(self, x):
            n, c, h, w = x.shape
            if self.training:
                split = F.batch_norm(
                    x.view(-1, 2 * c, h, w), self.running_mean, self.running_var,
                    self.weight.repeat(2), self.bias.repeat(2), True, self.momentum, self.eps,
                )  # fmt: skip
                return split.view(n, c, h, w)
            mean, var = self.running_mean[:c], self.running_var[:c]
            return F.batch_norm(x, mean, var, self.weight, self.bias, False, self.momentum, self.eps)

    facts = measured(lambda: model(lambda self, x: end(self, self.norm(self.conv(x))), **layers(norm=Ghost())))
    assert facts.parameters.counted == facts.parameters.total == 40 + 8 + 50
    assert (facts.batch_norm.layers, facts.batch_norm.runs) == (1, True)
    assert facts.receptive_field.before_head == 3
    assert facts.mode_differences == ()


def test_dropout_of_a_weight_counts(measured, model):
    """DropConnect: what is dropped is a parameter, but it influences the output."""

    def forward(self, x):
        return end(self, F.conv2d(x, F.dropout(self.conv.weight, 0.1, self.training)))

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.dropout.rates, facts.dropout.runs, facts.dropout.active_in_eval) == ((0.1,), True, False)
    assert facts.parameters.unused == 4 + 8


def test_dropout_of_nothing_and_of_all(measured, model):
    def forward(self, x):
        x = self.conv(x)
        cut = torch.cat([x, F.dropout(x, 0.2)], 1)[:, :4]
        cancelled = F.dropout(x, 0.3)
        x = cut + cancelled - cancelled
        return end(self, x + F.dropout(torch.zeros_like(x), 0.4) + F.dropout(x, 1.0))

    facts = measured(lambda: model(forward, **layers()))
    assert (facts.dropout.layers, facts.dropout.runs) == (0, False)


def test_random_numbers_at_evaluation_are_a_caveat(measured, model):
    facts = measured(lambda: model(lambda self, x: end(self, self.conv(x) * torch.rand(1)), **layers()))
    assert any("Evaluation draws random numbers (rand" in caveat for caveat in facts.caveats)
