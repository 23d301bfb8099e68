#!/usr/bin/env python3
"""Stands in for podman where there is none: keeps its books in a folder, and runs "containers" in bubblewrap.

The folder is named by CONTAINERS_FAKE: calls.log (each call as JSON), NAME.container and NAME.volume (JSON), and the
content of volumes. A file called `refuse` there, holding a word, makes commands that start with it fail.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

STATE = Path(os.environ["CONTAINERS_FAKE"])
SWITCHES = ("--interactive", "--read-only", "--unsetenv-all", "--no-hosts", "--no-healthcheck")
PYTHON = str(Path(sys.executable).resolve())


def main(command: str, *words: str) -> int:
    with (STATE / "calls.log").open("a") as log:
        log.write(json.dumps([command, *words]) + "\n")
    refuse = STATE / "refuse"
    if refuse.exists() and refuse.read_text() == command:
        print(f"Error: this {command} is refused", file=sys.stderr)
        return 125
    match (command, *words):
        case ("--version",):
            print("podman version 4.9.3")
        case ("info", *more):
            print("false" if more else "host: this")
        case ("image", "inspect", name):
            return 0 if name == "fake:1" else 125
        case ("run", *_):
            return run(words)
        case ("kill", name):
            os.kill(json.loads((STATE / f"{name}.container").read_text())["pid"], signal.SIGKILL)
        case ("volume", "create", "--label", label, *_, name):
            (STATE / name).mkdir()
            (STATE / name).chmod(0o1777)
            (STATE / f"{name}.volume").write_text(json.dumps({"owner": label.partition("=")[2]}))
        case ("ps", *_):
            print(*(place.stem for place in STATE.glob("*.container")), sep="\n")
        case ("volume", "ls", *_):
            print(*(place.stem for place in STATE.glob("*.volume")), sep="\n")
        case (kind, "inspect", "--format", shown, *names):
            for name in names:
                told = json.loads((STATE / f"{name}.{kind}").read_text())
                print(told["state"] if "State" in shown else f"{name} {told['owner']}")
        case ("rm", "--force", "--volumes", *names):
            for name in names:
                (STATE / f"{name}.container").unlink(missing_ok=True)
        case ("volume", "rm", "--force", *names):
            for name in names:
                (STATE / f"{name}.volume").unlink(missing_ok=True)
                subprocess.run(["rm", "-rf", str(STATE / name)], check=False)
        case _:
            print(f"Error: unknown command {command}", file=sys.stderr)
            return 125
    return 0


def run(words: tuple[str, ...]) -> int:
    options, volumes, at = {}, [], 0
    while words[at].startswith("--"):
        if "=" in words[at] or words[at] in SWITCHES:
            at += 1
        else:
            options.setdefault(words[at], []).append(words[at + 1])
            at += 2
    image, *command = words[at:]
    assert image == "fake:1"
    profile = options["--security-opt"][1].partition("=")[2]
    assert json.loads(Path(profile).read_text())["defaultAction"] == "SCMP_ACT_ERRNO"
    for volume in options["--volume"]:
        name, place, *more = volume.split(":")
        volumes += ["--ro-bind" if more == ["ro"] else "--bind", str(STATE / name), place]
    confined = ["--unshare-pid", "--as-pid-1", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--clearenv"]
    confined += [word for place in shown() for word in place] + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    process = subprocess.Popen(["bwrap", *confined, *volumes, "--chdir", "/", "--", PYTHON, *command])
    book = STATE / f"{options['--name'][0]}.container"
    owner = options["--label"][0].partition("=")[2]
    book.write_text(json.dumps({"owner": owner, "pid": process.pid, "state": "running 0 false"}))
    code = process.wait()
    code = code if code >= 0 else 128 - code
    if book.exists():
        book.write_text(json.dumps({"owner": owner, "pid": 0, "state": f"exited {code} false"}))
    return code


def shown() -> list[list[str]]:
    """The interpreter and the system's libraries."""
    places = [*Path("/").glob("lib*"), Path("/usr"), Path("/bin"), Path("/etc")]
    binds = [
        ["--symlink", str(one.readlink()), str(one)] if one.is_symlink() else ["--ro-bind", str(one), str(one)]
        for one in places
    ]
    own = {Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve()}
    return binds + [["--ro-bind", str(one), str(one)] for one in own if not one.is_relative_to("/usr")]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:]))
