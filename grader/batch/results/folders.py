"""Where a student's report lies: a folder named after the student, whatever characters that name has."""

import hashlib
import re

REPORTS = "reports"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(?:\.[a-z0-9_-]+){0,3}")
_NOT_PLAIN = re.compile(r"[^a-z0-9_-]+")
# What Windows takes for a device, with any ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


def report_folder(student: str) -> str:
    """One segment of a path that no other student's name gives, also where case does not count.

    A plain lower-case name stands for itself; any other is shortened to what is plain of it, with a digest behind.
    """
    if _PLAIN.fullmatch(student) and len(student) <= 80 and not _DEVICES.fullmatch(student):
        return student
    plain = _NOT_PLAIN.sub("-", student.lower()).strip("-_")[:40].rstrip("-_")
    digest = hashlib.sha256(student.encode("utf-8", errors="surrogatepass")).hexdigest()[:12]
    return f"{plain or 'student'}~{digest}"


def report_page(student: str) -> str:
    """The HTML report, relative to the folder of the results."""
    return f"{REPORTS}/{report_folder(student)}/report.html"
