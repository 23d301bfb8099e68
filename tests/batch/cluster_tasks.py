"""What the tests let the workers of a cluster do. Workers import this: it holds functions and no tests."""

import os
import signal
import time
from pathlib import Path

from grader.errors import DataError


def double(number, say):
    say(("begun", number))
    return 2 * number


def where(_, say):
    """The worker's process, the Ray process that it serves, and the environment."""
    return os.getpid(), os.getppid(), dict(os.environ)


def complain(message, say):
    raise DataError(message, mend="Mend it.")


def break_down(message, say):
    raise ValueError(message)


def sleep(seconds, say):
    time.sleep(seconds)


def die(_, say):
    os.kill(os.getpid(), signal.SIGKILL)


def lose_once(file, say):
    """Take the Ray process along, unless that has happened before."""
    if not Path(file).exists():
        Path(file).touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return "back again"


def lose_always(_, say):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def mark(argument, say):
    """Leave a file that says who ran when."""
    folder, number, seconds = argument
    with Path(folder, f"{number}").open("a") as file:
        print(os.getppid(), time.monotonic(), file=file, flush=True)
        time.sleep(seconds)
        print(os.getppid(), time.monotonic(), file=file, flush=True)
    return number


def give(size, say):
    return bytes(size)
