"""One suite for all sandboxes: which guarantees hold on this machine."""

from grader.sandbox.conformance.guarantee import Guarantee, Holding
from grader.sandbox.conformance.guarantees import GUARANTEES
from grader.sandbox.conformance.suite import examine

__all__ = ["GUARANTEES", "Guarantee", "Holding", "examine"]
