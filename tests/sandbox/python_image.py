"""Run as a script: writes an image of the Python that runs it, as a tar for `podman import`, without any network.

Interpreter, standard library and what they are linked with; and of torch, numpy and safetensors the names only.
"""

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
LEFT_OUT = re.compile(r"/(site-packages|dist-packages|test|idlelib|tkinter|config-[^/]*|__pycache__|ensurepip)(/|$)")


def main(place: str) -> None:
    library, executable = Path(sysconfig.get_path("stdlib")), Path(sys.executable).resolve()
    with tarfile.open(place, "w", dereference=True) as tar:
        for link in ("lib", "lib64", "bin"):
            add_link(tar, link, f"usr/{link}")
        tar.add(executable, f"usr/bin/{VERSION}")
        add_link(tar, "usr/bin/python3", VERSION)
        tar.add(library, f"usr/lib/{VERSION}", filter=lambda one: None if LEFT_OUT.search(one.name) else one)
        for linked in linked_with([executable, *library.glob("lib-dynload/*.so")]):
            folder = "lib64" if linked.name.startswith("ld-") else "lib"
            tar.add(linked, f"usr/{folder}/{linked.name}")
        for package in ("torch", "numpy", "safetensors"):
            text = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n".encode()
            entry = tarfile.TarInfo(f"usr/lib/{VERSION}/site-packages/{package}-1.dist-info/METADATA")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))


def add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def linked_with(binaries: list[Path]) -> list[Path]:
    """The shared libraries, each name once, and the loader."""
    told = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    found = {Path(word) for word in re.findall(r"(/\S+)(?= \(0x)", told)}
    return sorted({path.name: path for path in found if path.exists()}.values())


if __name__ == "__main__":
    main(sys.argv[1])
