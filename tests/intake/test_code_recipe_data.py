"""Loaders, splits and transforms read from training code."""

import pytest

from grader.model.code_recipe import CodeRecipe


def values(recipe: CodeRecipe, part: str = "") -> dict[str, object]:
    return {value.field: value.value for value in recipe.values if value.field.startswith(part)}


def reasons(recipe: CodeRecipe) -> dict[str, str]:
    return {entry.field: entry.reason for entry in recipe.unread}


def data(*transforms: str, loader: str = "batch_size=64, shuffle=True", more: str = "") -> str:
    """Training data with these transforms."""
    listed = ", ".join(f"transforms.{one}" for one in transforms)
    return (
        f"transform = transforms.Compose([{listed}])\n"
        "train_set = datasets.MNIST('data', train=True, transform=transform)\n"
        f"{more}train_loader = DataLoader(train_set, {loader})\n"
    )


TENSOR, NORMALIZE = "ToTensor()", "Normalize((0.1307,), (0.3081,))"


@pytest.mark.parametrize(
    ("loader", "expected"),
    [
        ("batch_size=128, shuffle=True, drop_last=True", {"batch_size": 128, "drop_last": True}),
        ("32, True", {"batch_size": 32, "drop_last": False}),
        ("**{'batch_size': 16, 'shuffle': True}", {"batch_size": 16, "drop_last": False}),
        ("batch_size=2 ** 8, shuffle=True", {"batch_size": 256, "drop_last": False}),
    ],
)
def test_loaders(loader: str, expected: dict[str, object], recipes) -> None:
    recipe = recipes.script(data=data(TENSOR, loader=loader))
    assert {name: values(recipe)[name] for name in expected} == expected
    assert recipe.notes == ()


def test_a_loader_without_a_batch_size(recipes) -> None:
    recipe = recipes.script(data=data(TENSOR, loader="shuffle=True"))
    assert values(recipe)["batch_size"] == 1
    assert recipe.notes == ("The loader at train.py:17 names no batch size; it is torch's own, 1.",)


def test_a_loader_that_does_not_shuffle_is_told(recipes) -> None:
    recipe = recipes.script(data=data(TENSOR, loader="batch_size=64"))
    assert recipe.notes == ("The loader at train.py:17 does not shuffle; grader does.",)


@pytest.mark.parametrize(
    "before",
    [
        "cuda = torch.cuda.is_available()\n"
        "args = dict(shuffle=True, batch_size=128) if cuda else dict(shuffle=True, batch_size=64)\n",
        "cuda = torch.cuda.is_available()\nargs = {'batch_size': 64, 'shuffle': True}\n"
        "if cuda:\n    args = {'batch_size': 128, 'shuffle': True}\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--no-cuda', action='store_true')\n"
        "cuda = not p.parse_args().no_cuda and torch.cuda.is_available()\n"
        "args = dict(shuffle=True, batch_size=128) if cuda else dict(shuffle=True, batch_size=64)\n",
    ],
)
def test_the_side_of_cuda_is_read(before: str, recipes) -> None:
    recipe = recipes.script(before=before, data=data(TENSOR, loader="**args"))
    assert values(recipe)["batch_size"] == 128


def test_that_cuda_was_asked_for_is_told(recipes) -> None:
    before = "args = dict(batch_size=128) if torch.cuda.is_available() else dict(batch_size=64)\n"
    recipe = recipes.script(before=before, data=data(TENSOR, loader="shuffle=True, **args"))
    assert recipe.notes == ("train.py:15 asks for CUDA; what it chooses with CUDA is read.",)


def test_batches_cut_by_hand(recipes) -> None:
    loop = (
        "for epoch in range(4):\n    for start in range(0, len(images), 256):\n"
        "        F.nll_loss(model(images[start:start + 256]), labels).backward()\n        optimizer.step()\n"
    )
    recipe = recipes.script(data="images, labels = load()\n", loop=loop)
    assert values(recipe)["batch_size"] == 256
    assert values(recipe)["epochs"] == 4
    assert set(reasons(recipe)) == {"augmentation", "normalization", "split"}


def test_the_loader_of_the_loop_counts(recipes) -> None:
    test = "test_loader = DataLoader(datasets.MNIST('data', train=False), batch_size=1000)\n"
    loop = f"{recipes.loop}    for x, y in test_loader:\n        model(x)\n"
    recipe = recipes.script(data=recipes.data + test, loop=loop)
    assert values(recipe)["batch_size"] == 64


def test_without_a_loop_in_sight_the_loader_of_training_data_counts(recipes) -> None:
    test = "test_loader = DataLoader(datasets.MNIST('data', train=False), batch_size=1000)\n"
    recipe = recipes.script(data=recipes.data + test, loop="")
    assert values(recipe)["batch_size"] == 64
    assert reasons(recipe)["epochs"] == "no loop that trains is in sight"


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("RandomRotation(7)", {"name": "rotation", "degrees": 7}),
        ("RandomRotation((-7.0, 7.0), fill=(1,))", {"name": "rotation", "degrees": [-7.0, 7.0], "fill": 1}),
        ("RandomRotation(7, interpolation=transforms.InterpolationMode.BILINEAR)",
         {"name": "rotation", "degrees": 7, "interpolation": "bilinear"}),
        ("RandomAffine(degrees=0, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=5)",
         {"name": "affine", "degrees": 0, "translate": [0.1, 0.1], "scale": [0.9, 1.1], "shear": 5}),
        ("RandomCrop(28, padding=4)", {"name": "crop", "padding": 4, "size": 28}),
        ("RandomApply([transforms.RandomRotation(9)], p=0.25)", {"name": "rotation", "degrees": 9, "p": 0.25}),
        ("RandomApply([transforms.RandomRotation(9)])", {"name": "rotation", "degrees": 9, "p": 0.5}),
        ("Compose([transforms.RandomRotation(9)])", {"name": "rotation", "degrees": 9}),
    ],
)  # fmt: skip
def test_augmentations(transform: str, expected: dict[str, object], recipes) -> None:
    recipe = recipes.script(data=data(transform, TENSOR, NORMALIZE))
    assert values(recipe, "augmentation") == {f"augmentation.0.{name}": value for name, value in expected.items()}
    assert reasons(recipe) == {}


def test_augmentations_keep_their_order_and_place(recipes) -> None:
    recipe = recipes.script(data=data("RandomCrop(28, padding=2)", "RandomRotation(5)", TENSOR, NORMALIZE))
    names = {key: value for key, value in values(recipe, "augmentation").items() if key.endswith("name")}
    assert names == {"augmentation.0.name": "crop", "augmentation.1.name": "rotation"}


@pytest.mark.parametrize(
    ("order", "space", "fields"),
    [
        ((TENSOR, "RandomErasing(p=0.3, scale=(0.02, 0.1), value='random')", NORMALIZE), "pixels",
         {"p": 0.3, "scale": [0.02, 0.1], "value": "random"}),
        ((TENSOR, NORMALIZE, "RandomErasing()"), "normalized", {}),
    ],
)  # fmt: skip
def test_erasing_before_and_after_normalisation(order, space: str, fields: dict[str, object], recipes) -> None:
    recipe = recipes.script(data=data(*order))
    expected = {"name": "erasing", "space": space, **fields}
    assert values(recipe, "augmentation") == {f"augmentation.0.{name}": value for name, value in expected.items()}


@pytest.mark.parametrize(
    ("order", "fill"),
    [
        ((TENSOR, "RandomRotation(5, fill=1)", NORMALIZE), 255),
        ((TENSOR, "RandomRotation(5)", NORMALIZE), None),
        ((TENSOR, "Normalize(0.5, 0.5)", "RandomRotation(5)"), 127.5),
        ((TENSOR, "Normalize(0.5, 0.5)", "RandomRotation(5, fill=-1)"), 0),
    ],
)
def test_which_pixel_fills_the_edges(order, fill: float | None, recipes) -> None:
    assert values(recipes.script(data=data(*order))).get("augmentation.0.fill") == fill


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        ("ColorJitter(0.1)", "a recipe has no augmentation ColorJitter"),
        ("RandomPerspective()", "a recipe has no augmentation RandomPerspective"),
        ("CenterCrop(22)", "a recipe has no augmentation CenterCrop"),
        ("Lambda(lambda x: x + 1)", "a recipe has no augmentation Lambda"),
        ("RandomCrop(24)", "it changes the size of the images to 24"),
        ("RandomRotation(5, expand=True)", "a recipe has no argument expand=True"),
        ("RandomRotation(degrees=angle())", "it is computed at run time"),
        ("RandomAffine(0, shear=(1, 2, 3, 4))", "a recipe takes 2 numbers"),
        ("RandomApply([transforms.RandomRotation(5), transforms.RandomCrop(28)])", "a recipe has no augmentation"),
        ("RandomRotation()", "degrees is not given"),
    ],
)
def test_augmentations_that_recipes_do_not_have(transform: str, reason: str, recipes) -> None:
    recipe = recipes.script(data=data("RandomRotation(3)", transform, TENSOR, NORMALIZE))
    assert values(recipe, "augmentation") == {"augmentation.0.name": "rotation", "augmentation.0.degrees": 3}
    assert list(reasons(recipe)) == ["augmentation"]
    assert reasons(recipe)["augmentation"].startswith(reason)


def test_sizes_that_images_have_anyway(recipes) -> None:
    recipe = recipes.script(data=data("Resize((28, 28))", "CenterCrop(28)", "Grayscale(1)", TENSOR, NORMALIZE))
    assert values(recipe, "augmentation") == {"augmentation": []}
    assert reasons(recipe) == {}


def test_without_normalisation(recipes) -> None:
    recipe = recipes.script(data=data(TENSOR))
    assert values(recipe, "normalization") == {"normalization.mean": 0.0, "normalization.std": 1.0}


def test_a_normalisation_that_is_computed(recipes) -> None:
    recipe = recipes.script(
        data=data(TENSOR, "Normalize((mean,), (0.3,))").replace("transform =", "mean = m()\ntransform =", 1)
    )
    assert values(recipe, "normalization") == {"normalization.std": 0.3}
    assert list(reasons(recipe)) == ["normalization.mean"]


def test_albumentations_are_not_read(recipes) -> None:
    code = "import albumentations as A\n" + data(TENSOR).replace("transforms.Compose", "A.Compose")
    recipe = recipes.script(data=code)
    assert set(reasons(recipe)) == {"augmentation", "normalization"}


def test_a_transform_that_is_set_later(recipes) -> None:
    more = "train_set.transform = transforms.Compose([transforms.RandomRotation(4), transforms.ToTensor()])\n"
    assert values(recipes.script(data=data(TENSOR, more=more)))["augmentation.0.degrees"] == 4


PARTS = "train_set, val_set = torch.utils.data.random_split(train_set, {})\n"


@pytest.mark.parametrize(
    ("lengths", "seed"),
    [
        ("[50000, 10000]", None),
        ("[50_000, 10_000], generator=torch.Generator().manual_seed(42)", 42),
        ("[5 / 6, 1 / 6]", None),
        ("(int(len(train_set) * 5 / 6), len(train_set) - 50000)", None),
    ],
)
def test_random_splits(lengths: str, seed: int | None, recipes) -> None:
    split = values(recipes.script(data=data(TENSOR, more=PARTS.format(lengths))), "split")
    expected = {"split.validation": 10_000, "split.by": "random"}
    assert split == (expected if seed is None else {**expected, "split.seed": seed})


def test_whether_held_out_images_are_augmented(recipes) -> None:
    used = PARTS.format("[50000, 10000]") + "val_loader = DataLoader(val_set, batch_size=100)\n"
    assert values(recipes.script(data=data("RandomRotation(5)", TENSOR, more=used)))["split.augmented"] is True
    assert values(recipes.script(data=data(TENSOR, more=used)))["split.augmented"] is False
    clean = used.replace("DataLoader(val_set", "DataLoader(datasets.MNIST('data', transform=transforms.ToTensor())")
    assert "split.augmented" not in values(recipes.script(data=data("RandomRotation(5)", TENSOR, more=clean)))


def test_subsets(recipes) -> None:
    more = "train_set = torch.utils.data.Subset(train_set, range(50000))\n"
    assert values(recipes.script(data=data(TENSOR, more=more)), "split") == {
        "split.validation": 10_000, "split.by": "last",
    }  # fmt: skip


def test_subsets_of_shuffled_indices(recipes) -> None:
    more = (
        "import numpy as np\nindices = list(range(len(train_set)))\nnp.random.shuffle(indices)\n"
        "cut = int(np.floor(0.1 * len(indices)))\ntrain_indices, val_indices = indices[cut:], indices[:cut]\n"
        "sampler = torch.utils.data.SubsetRandomSampler(train_indices)\n"
    )
    recipe = recipes.script(data=data(TENSOR, loader="batch_size=64, sampler=sampler", more=more))
    assert values(recipe, "split") == {"split.validation": 6000, "split.by": "random"}


def test_a_split_that_cannot_be_told(recipes) -> None:
    recipe = recipes.script(data=data(TENSOR, more=PARTS.format("[size(), 10]")))
    assert reasons(recipe)["split"].startswith("how many images are held out can't be told")


def test_rotated_copies(recipes) -> None:
    more = (
        "from torch.utils.data import ConcatDataset\ncopies = []\nfor angle in [10, -10]:\n"
        "    turned = transforms.Compose([transforms.RandomRotation((angle, angle)), transforms.ToTensor()])\n"
        "    copies.append(datasets.MNIST('data', train=True, transform=turned))\n"
        "train_set = ConcatDataset([train_set] + copies)\n"
    )
    recipe = recipes.script(data=data("RandomAffine(5)", TENSOR, more=more))
    assert values(recipe)["rotated_copies"] == [10.0, -10.0]
    assert values(recipe)["augmentation.0.name"] == "affine"
    assert values(recipe)["split"] is None


def test_joined_data_with_other_transforms(recipes) -> None:
    more = "train_set = train_set + datasets.MNIST('data', transform=transforms.RandomPerspective())\n"
    recipe = recipes.script(data=data(TENSOR, more=more))
    assert set(reasons(recipe)) == {"augmentation", "normalization"}


def test_a_data_set_class_around_another(recipes) -> None:
    own = (
        "class Wrapped(torch.utils.data.Dataset):\n    def __init__(self, inner, transform):\n"
        "        self.inner = inner\n        self.transform = transform\n"
    )
    more = "train_set = Wrapped(train_set, transforms.Compose([transforms.RandomRotation(6), transforms.ToTensor()]))\n"
    recipe = recipes.script(before=own, data=data(TENSOR, more=more))
    assert values(recipe)["augmentation.0.degrees"] == 6
    assert values(recipe)["split"] is None


def test_a_data_set_class_of_ones_own(recipes) -> None:
    own = (
        "class Mine(torch.utils.data.Dataset):\n    def __init__(self, transform):\n"
        "        self.transform = transform\n"
    )
    recipe = recipes.script(before=own, data=data(TENSOR, NORMALIZE, more="train_set = Mine(transform)\n"))
    assert values(recipe)["normalization.mean"] == 0.1307
    assert set(reasons(recipe)) == {"split"}


def test_what_a_collate_function_does_is_not_read(recipes) -> None:
    recipe = recipes.script(data=data(TENSOR, loader="batch_size=64, shuffle=True, collate_fn=mix"))
    assert reasons(recipe) == {"augmentation": "collate_fn=mix may change images"}
