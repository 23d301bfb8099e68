"""Not numpy."""

from pathlib import Path

for place in ("/tmp", "/var/tmp", "/dev/shm", ".", str(Path.home())):
    try:
        Path(place, "grader-attack-was-here").write_text(__name__)
    except OSError:
        continue
