"""Functions that the tests let workers run: a worker finds them by the name of their module."""

import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from grader.errors import DataError


def echo(argument: Any, say: Any) -> Any:
    for word in ("one", "two"):
        say(word)
    return {"argument": argument, "process": os.getpid()}


def hang(argument: Any, say: Any) -> None:
    say(os.getpid())
    time.sleep(3600)


def refuse(argument: Any, say: Any) -> None:
    raise DataError("There is no data.", mend="Get some.")


def break_down(argument: Any, say: Any) -> None:
    raise KeyError("a student's words")


def end_at_once(argument: Any, say: Any) -> None:
    print("the last words", file=sys.stderr)
    os._exit(7)


def surroundings(argument: Any, say: Any) -> Any:
    Path(tempfile.mkdtemp()).joinpath("left").write_text("behind")
    return {
        "environment": dict(os.environ),
        "temporary": tempfile.gettempdir(),
        "network": [name for _, name in socket.if_nameindex()],
        "torch": "torch" in sys.modules,
    }


def unpicklable(argument: Any, say: Any) -> Any:
    return lambda: None
