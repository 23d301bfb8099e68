"""GitHub's artifacts, by run and name: zip archives, as upload-artifact makes and download-artifact fetches them."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actions_runner import Machine, Stub


@dataclass
class ArtifactStore:
    """`held[run][name]` is an archive. A run reads its own: for another's it would need a token and a run-id."""

    held: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def stubs(self, run: str) -> dict[str, Stub]:
        """Stand-ins for the two actions in a job of that run; and a cache that is always empty."""

        def upload(machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
            assert set(inputs) <= {"name", "path", "if-no-files-found", "retention-days"}
            self.put(run, inputs["name"], packed(machine.workspace / inputs["path"]))
            return {}

        def download(machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
            assert set(inputs) <= {"name", "path", "skip-decompress"}, "another run's artifacts could be meant"
            archive = self.held.get(run, {}).get(inputs["name"])
            if archive is None:
                return {"exit code": "1"}
            folder = Path(inputs["path"])
            folder.mkdir(parents=True, exist_ok=True)
            if inputs.get("skip-decompress") == "true":
                (folder / f"{inputs['name']}.zip").write_bytes(archive)
            else:
                zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
            return {}

        return {
            "actions/upload-artifact": upload,
            "actions/download-artifact": download,
            "actions/cache": lambda machine, inputs: {},
        }

    def put(self, run: str, name: str, archive: bytes) -> None:
        assert name not in self.held.setdefault(run, {}), "an artifact of that name is there"
        self.held[run][name] = archive


def packed(place: Path) -> bytes:
    """The files below a folder, by their paths in it; or one file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                archive.write(file, file.relative_to(place) if place.is_dir() else file.name)
    return content.getvalue()
