"""Reports of a class, unpacked once: they are large, and hardly ever change."""

import threading
from collections import OrderedDict

from grader.errors import DamagedError
from grader.model.report import GradeReport
from grader.model.review import Grading
from grader.store.engine import Store
from grader.store.results import packed_report, unpacked_report

_MOST = 2_000


class KeptReports:
    """The reports that were looked at last, without the pictures that only a report's own page shows."""

    def __init__(self, store: Store, most: int = _MOST) -> None:
        self._store, self._most = store, most
        self._kept: OrderedDict[tuple[str, str | None], GradeReport] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, grading: Grading | None) -> GradeReport | None:
        """The report of a grading, None where there is none, or where it is damaged: a class has to be shown."""
        if grading is None or grading.report_key is None:
            return None
        key = (grading.report_key, grading.report_at)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        wanted = grading.report_key
        content = self._store.transact(lambda connection: packed_report(connection, wanted))
        if content is None:
            return None
        try:
            slim = _without_pictures(unpacked_report(wanted, content))
        except DamagedError:
            return None
        with self._lock:
            self._kept[key] = slim
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return slim

    def clear(self) -> None:
        """Keep nothing: somebody's reports were deleted."""
        with self._lock:
            self._kept.clear()


def _without_pictures(report: GradeReport) -> GradeReport:
    training = report.training
    second = training.second_try
    if second is not None:
        runs = tuple(run.model_copy(update={"evaluation": None}) for run in second.runs)
        second = second.model_copy(update={"runs": runs})
    runs = tuple(run.model_copy(update={"evaluation": None}) for run in training.runs)
    return report.model_copy(update={"training": training.model_copy(update={"runs": runs, "second_try": second})})
