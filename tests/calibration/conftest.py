"""Makes importable: calibration_factory, and the browser that tests/report drives."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "report")]
