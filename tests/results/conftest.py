"""Makes importable: results_factory, and what tests/report has: reports, and the browser."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "report")]
