from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.LazyConv2d(8, 3)
        self.bn = nn.LazyBatchNorm2d()
        self.drop = nn.Dropout(0.1)
        self.fc = nn.LazyLinear(10)

    def forward(self, x):
        x = self.conv(x)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
