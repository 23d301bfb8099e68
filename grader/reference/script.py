"""A recipe as the training script that a student would have written, in plain torch and torchvision."""

from grader.model.augmentation import Affine, Augmentation, Crop, Erasing, Rotation
from grader.model.base import Frozen
from grader.model.recipe import Constant, Cosine, Exponential, MultiStep, OneCycle, Plateau, Recipe, Step

_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
_EPOCHS = 20  # where the recipe leaves it to the rubric

_HEAD = '''"""Trains {model} on MNIST."""

import torch
import torch.nn.functional as F
from torch import optim
from torch.utils.data import ConcatDataset, DataLoader, Subset, random_split
from torchvision import datasets, transforms

from model import {model}

EPOCHS = {epochs}
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
'''

_TEST = '''

def evaluate(model, loader):
    """The accuracy on a set: the share that is right."""
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            predicted = model(images.to(device)).argmax(dim=1)
            correct += (predicted == labels.to(device)).sum().item()
    return correct / len(loader.dataset)
'''


def training_script(model: str, recipe: Recipe) -> str:
    """Python that trains the class `model` of model.py with a recipe; reading it gives the recipe again."""
    parts = [
        _HEAD.format(model=model, epochs=recipe.epochs or _EPOCHS).rstrip(),
        _TEST.rstrip(),
        "\n\n" + "\n".join([*_data(recipe), "", *_setting(model, recipe), "", *_loop(recipe)]),
    ]
    return "\n".join(parts) + "\n"


def _data(recipe: Recipe) -> list[str]:
    normalization = recipe.normalization
    fixed = [
        "transforms.ToTensor()",
        f"transforms.Normalize(({normalization.mean!r},), ({normalization.std!r},))",
    ]
    before: list[str] = []
    after: list[str] = []
    for augmentation in recipe.augmentation:
        late = isinstance(augmentation, Erasing)
        (after if late else before).append(_transform(augmentation))
    lines = [
        f"plain = transforms.Compose([{', '.join(fixed)}])",
        "train_transform = transforms.Compose(",
        "    [",
        *(f"        {step}," for step in (*before, *fixed, *after)),
        "    ]",
        ")",
        'train_set = datasets.MNIST("data", train=True, download=True, transform=train_transform)',
        'test_set = datasets.MNIST("data", train=False, download=True, transform=plain)',
    ]
    return [*lines, *_sets(recipe), *_loaders(recipe)]


def _sets(recipe: Recipe) -> list[str]:
    copies = _copies(recipe) if recipe.rotated_copies else []
    if recipe.split is None:
        return copies
    split = recipe.split
    held_out = _held_out(split.validation, "random" if split.by == "random" else "last", split.seed)
    if not split.augmented:
        held_out.append(
            'validation_set = Subset(datasets.MNIST("data", train=True, transform=plain), validation_set.indices)'
        )
    return [*copies, *held_out] if split.after_copies else [*held_out, *copies]


def _held_out(count: int, by: str, seed: int) -> list[str]:
    kept = f"len(train_set) - {count}"
    if by == "last":
        return [
            f"validation_set = Subset(train_set, range({kept}, len(train_set)))",
            f"train_set = Subset(train_set, range({kept}))",
        ]
    return [
        "train_set, validation_set = random_split(",
        f"    train_set, [{kept}, {count}], generator=torch.Generator().manual_seed({seed})",
        ")",
    ]


def _copies(recipe: Recipe) -> list[str]:
    return [
        "rotated = []",
        f"for angle in {[float(angle) for angle in recipe.rotated_copies]!r}:",
        "    turned = transforms.Compose([transforms.RandomRotation((angle, angle)), *plain.transforms])",
        '    rotated.append(datasets.MNIST("data", train=True, transform=turned))',
        "train_set = ConcatDataset([train_set, *rotated])",
    ]


def _loaders(recipe: Recipe) -> list[str]:
    drop = ", drop_last=True" if recipe.drop_last else ""
    lines = [f"train_loader = DataLoader(train_set, batch_size={recipe.batch_size}, shuffle=True{drop})"]
    if recipe.split:
        lines.append("validation_loader = DataLoader(validation_set, batch_size=1000)")
    return [*lines, "test_loader = DataLoader(test_set, batch_size=1000)"]


def _transform(augmentation: Augmentation) -> str:
    match augmentation:
        case Rotation():
            name, arguments = "RandomRotation", _arguments(augmentation, ("degrees", "fill"))
        case Affine():
            names = ("degrees", "translate", "scale", "shear", "fill")
            name, arguments = "RandomAffine", _arguments(augmentation, names)
        case Crop():
            size = augmentation.size or 28
            call = f"transforms.RandomCrop({size!r}, padding={augmentation.padding!r})"
            return _sometimes(call, augmentation.p)
        case Erasing():
            return f"transforms.RandomErasing({_arguments(augmentation, ('p', 'scale', 'ratio', 'value'))})"
    if augmentation.interpolation != "nearest":
        arguments += ", interpolation=transforms.InterpolationMode.BILINEAR"
    return _sometimes(f"transforms.{name}({arguments})", augmentation.p)


def _sometimes(call: str, probability: float) -> str:
    return call if probability == 1 else f"transforms.RandomApply([{call}], p={probability!r})"


def _arguments(values: Frozen, names: tuple[str, ...] | None = None, skip: tuple[str, ...] = ("name", "step")) -> str:
    """Keyword arguments: the first one always, of the others those that are not the default."""
    fields = type(values).model_fields
    chosen = [name for name in names or tuple(fields) if name not in skip]
    said = [
        f"{name}={getattr(values, name)!r}"
        for name in chosen
        if name == chosen[0] or getattr(values, name) != fields[name].default
    ]
    return ", ".join(said)


def _setting(model: str, recipe: Recipe) -> list[str]:
    optimizer = recipe.optimizer
    return [
        f"model = {model}().to(device)",
        f"optimizer = optim.{_OPTIMIZERS[optimizer.name]}(model.parameters(), {_arguments(optimizer)})",
        *_schedule(recipe),
    ]


def _schedule(recipe: Recipe) -> list[str]:
    schedule, epochs = recipe.schedule, "EPOCHS"
    lines: list[str] = []
    if recipe.warmup:
        start, length = recipe.warmup.start_factor, recipe.warmup.epochs
        lines.append(f"warmup = optim.lr_scheduler.LinearLR(optimizer, start_factor={start!r}, total_iters={length})")
        epochs = f"EPOCHS - {length}"
    match schedule:
        case Constant():
            return lines
        case Step() | MultiStep() | Exponential():
            name = {"step": "StepLR", "multistep": "MultiStepLR", "exponential": "ExponentialLR"}[schedule.name]
            call = f"{name}(optimizer, {_arguments(schedule)})"
        case Cosine():
            call = f"CosineAnnealingLR(optimizer, T_max={schedule.t_max or epochs}, eta_min={schedule.eta_min!r})"
        case OneCycle():
            call = _one_cycle(schedule, recipe)
        case Plateau():
            call = f"ReduceLROnPlateau(optimizer, {_arguments(schedule, skip=('name', 'metric'))})"
    lines.append(f"scheduler = optim.lr_scheduler.{call}")
    if recipe.warmup:
        after = f"milestones=[{recipe.warmup.epochs}]"
        lines.append(f"scheduler = optim.lr_scheduler.SequentialLR(optimizer, [warmup, scheduler], {after})")
    return lines


def _one_cycle(schedule: OneCycle, recipe: Recipe) -> str:
    length = "total_steps=EPOCHS"
    if schedule.built_for == "batch":
        length = "epochs=EPOCHS, steps_per_epoch=len(train_loader)"
    names = ("pct_start", "div_factor", "final_div_factor", "cycle_momentum", "base_momentum", "max_momentum")
    anneal = ', anneal_strategy="linear"' if schedule.anneal == "linear" else ""
    rate = schedule.max_lr or recipe.optimizer.lr
    return f"OneCycleLR(\n    optimizer, max_lr={rate!r}, {length}, {_arguments(schedule, names)}{anneal}\n)"


def _loop(recipe: Recipe) -> list[str]:
    every = getattr(recipe.schedule, "step", None) or getattr(recipe.schedule, "built_for", "epoch")
    has_schedule = not isinstance(recipe.schedule, Constant)
    loss = "F.nll_loss(model(images), labels)"
    if recipe.loss.name == "cross_entropy":
        smoothing = f", label_smoothing={recipe.loss.label_smoothing!r}" if recipe.loss.label_smoothing else ""
        loss = f"F.cross_entropy(model(images), labels{smoothing})"
    lines = [
        "for epoch in range(1, EPOCHS + 1):",
        "    model.train()",
        "    for images, labels in train_loader:",
        "        images, labels = images.to(device), labels.to(device)",
        "        optimizer.zero_grad()",
        f"        loss = {loss}",
        "        loss.backward()",
        *_clip(recipe),
        "        optimizer.step()",
    ]
    if has_schedule and every == "batch":
        lines.append("        scheduler.step()")
    watched = "validation" if recipe.split else "test"
    lines.append(f"    accuracy = evaluate(model, {watched}_loader)")
    if has_schedule and every == "epoch":
        lines.append(f"    scheduler.step({_metric(recipe)})")
    lines.append('    print(f"epoch {epoch}: {100 * accuracy:.2f} %")')
    if recipe.stop_at is not None:
        lines += [f"    if accuracy >= {recipe.stop_at!r}:", "        break"]
    return lines


def _metric(recipe: Recipe) -> str:
    if not isinstance(recipe.schedule, Plateau):
        return ""
    return {"train_loss": "loss.item()", "validation_accuracy": "accuracy"}.get(recipe.schedule.metric, "1 - accuracy")


def _clip(recipe: Recipe) -> list[str]:
    clip, lines = recipe.clip, []
    if clip and clip.value:
        lines.append(f"        torch.nn.utils.clip_grad_value_(model.parameters(), {clip.value!r})")
    if clip and clip.norm:
        lines.append(f"        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={clip.norm!r})")
    return lines
