"""Where student code runs; one small interface, several backends."""

from grader.sandbox.base import Availability, Job, Limits, Result, Sandbox
from grader.sandbox.select import select

__all__ = ["Availability", "Job", "Limits", "Result", "Sandbox", "select"]
