"""Small sources that a class might hand in, written for the tests."""

MODEL = '''"""My network."""
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """Three blocks."""

    def __init__(self):
        super().__init__()
        # the first block
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(32)
        self.pool = nn.MaxPool2d(2, 2)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.norm1(self.conv1(x))))
        x = self.drop(x)
        x = self.pool(F.relu(self.norm2(self.conv2(x))))
        x = x.mean(dim=(2, 3))
        return F.log_softmax(self.fc(x), dim=1)
'''

# The same with other names, numbers, comments and layout.
DISGUISED = """import torch
import torch.nn.functional as functional
from torch import nn
class DigitClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 24,
                              3, padding=1)   # widened
        self.stem_bn = nn.BatchNorm2d(24)
        self.body = nn.Conv2d(24, 48, 3, padding=1)

        self.body_bn = nn.BatchNorm2d(48)
        self.down = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(48, 10)
    def forward(self, images):
        images = self.down(functional.relu(self.stem_bn(self.stem(images))))
        images = self.dropout(images)
        images = self.down(functional.relu(self.body_bn(self.body(images))))
        images = images.mean(dim=(2, 3))
        return functional.log_softmax(self.head(images), dim=1)
"""

# Another person's way to the same task.
INDEPENDENT = """from torch import nn


def block(inputs, outputs, rate):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, bias=False),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(outputs),
        nn.Dropout2d(p=rate),
    )


class Model(nn.Module):
    def __init__(self, widths=(1, 8, 16, 16), rate=0.05):
        super().__init__()
        blocks = [block(before, after, rate) for before, after in zip(widths, widths[1:])]
        self.features = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classify = nn.Linear(widths[-1], 10)

    def forward(self, pictures):
        return self.classify(self.features(pictures))
"""

# What everybody got from the course.
STARTER = """import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def train_one_epoch(model, loader, optimizer, device):
    model.train()
    correct, seen, total = 0, 0, 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        scores = model(images)
        loss = nn.functional.cross_entropy(scores, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        correct += (scores.argmax(dim=1) == labels).sum().item()
        seen += len(labels)
    print(f"loss {total / seen:.4f} accuracy {100 * correct / seen:.2f} %")
    return correct / seen


def evaluate(model, loader, device):
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for images, labels in loader:
            scores = model(images.to(device))
            correct += (scores.argmax(dim=1) == labels.to(device)).sum().item()
            seen += len(labels)
    return correct / seen


def loaders(folder, batch_size):
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(folder, train=True, download=True, transform=steps)
    test = datasets.MNIST(folder, train=False, transform=steps)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)
"""
