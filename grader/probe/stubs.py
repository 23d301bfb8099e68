"""Stand-ins for packages that are missing, or that a model does not need and that must not run (plots, loggers)."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from grader.probe.failure import CHUNK
from grader.probe.notes import Notes

# Never needed to build a model, slow or chatty or reaching out: replaced even where installed.
_NEVER_NEEDED_NAMES = (
    "google.colab IPython matplotlib seaborn plotly wandb mlflow comet_ml tensorboard tensorboardX torchsummary "
    "torchinfo torchviz torchview tqdm pandas sklearn cv2 albumentations torch.utils.tensorboard torch_lr_finder "
    "gradio streamlit ipywidgets"
)
_NEVER_NEEDED = frozenset(_NEVER_NEEDED_NAMES.split())
_PROBE = str(Path(__file__).parent)
_LIGHTNING = frozenset({"pytorch_lightning", "lightning", "lightning.pytorch"})
_ABSENT_ON_PURPOSE = frozenset({"google"})  # the namespace package that google.colab needs


def asked_by_the_slice() -> bool:
    """Whether the import under way stands in student code; a library that asks for an optional package must miss it."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((_PROBE, "<frozen importlib")):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and CHUNK.match(frame.f_code.co_filename) is not None


def forget_stand_ins() -> None:
    """Remove all stand-ins from the loaded modules: libraries that are imported from now on must not meet them."""
    for name in [name for name, module in sys.modules.items() if isinstance(module, _StandInModule | _LazyModule)]:
        del sys.modules[name]


class StandIn:
    """An object that can be called, indexed, iterated and subclassed, and does nothing."""

    def __init__(self, name: str = "") -> None:
        self._grader_name = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Used as a decorator it returns what it decorates, else another stand-in."""
        if len(arguments) == 1 and not keywords and callable(arguments[0]) and not isinstance(arguments[0], StandIn):
            return arguments[0]
        return StandIn(f"{self._grader_name}()")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._grader_name}.{name}")

    def __getitem__(self, key: Any) -> Any:
        return StandIn(f"{self._grader_name}[]")

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __repr__(self) -> str:
        return f"<stand-in for {self._grader_name}>"


class _LightningModule(torch.nn.Module):
    """What a missing LightningModule stands for: a module whose logging does nothing."""

    def save_hyperparameters(self, *_: Any, **__: Any) -> None:
        """Does nothing."""

    def log(self, *_: Any, **__: Any) -> None:
        """Does nothing."""


class _StandInModule(ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if name == "LightningModule" and self.__name__ in _LIGHTNING:
            return _LightningModule
        return StandIn(f"{self.__name__}.{name}")


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Put first it replaces what is never needed, put last (`missing=True`) whatever nobody else found."""

    def __init__(self, notes: Notes, *, missing: bool) -> None:
        self._notes = notes
        self._missing = missing

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for a stand-in, or None where the real module should be used."""
        if not asked_by_the_slice():
            return None
        if self._missing:
            if fullname.startswith(("torch.", "grader")):
                return None  # a wrong name in torch is the student's mistake, not a missing package
            package = fullname.partition(".")[0]
            parent = sys.modules.get(fullname.rpartition(".")[0])
            if parent is not None and not isinstance(parent, _StandInModule):
                return None
            if package not in _ABSENT_ON_PURPOSE:
                self._notes.missing(package)
        elif not any(fullname == name or fullname.startswith(f"{name}.") for name in _NEVER_NEEDED):
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty module in which every name exists."""
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


class _LazyName:
    """A name in torchvision: imported for real when it is called, subclassed or asked for something."""

    def __init__(self, resolve: Callable[[], Any], name: str) -> None:
        self.__dict__["_grader_resolve"] = resolve
        self.__dict__["_grader_name"] = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._grader_resolve()(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_grader_resolve"](), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self._grader_resolve(),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._grader_resolve())


class _LazyModule(ModuleType):
    """A torchvision module that is imported only when something in it is used: its import takes as long as torch's."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        module = self.__name__
        return _LazyName(lambda: getattr(_import_really(module), name), f"{module}.{name}")


class LazyTorchvision(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Defers the import of torchvision: most slices only mention it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for torchvision and all below it."""
        asked_for = fullname == "torchvision" or fullname.startswith("torchvision.")
        if not asked_for or not asked_by_the_slice():
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A module that imports itself when used."""
        return _LazyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run yet."""


def _import_really(name: str) -> ModuleType:
    """Import the real torchvision module; the lazy ones make way."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, LazyTorchvision)]
    for loaded in [key for key, module in sys.modules.items() if isinstance(module, _LazyModule)]:
        del sys.modules[loaded]
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ImportError:  # "torchvision.datasets.MNIST" imported as a module: its parent has the name
        parent, _, last = name.rpartition(".")
        if not parent:
            raise
        return getattr(_import_really(parent), last)  # type: ignore[no-any-return]
