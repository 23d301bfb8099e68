"""The foot of a torchsummary or torchinfo table: which of them printed a total."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from grader.intake.claims.document import Line
from grader.intake.claims.drafts import Draft
from grader.model.claims import ParameterClaim

HEAD_SUMMARY = re.compile(r"\bLayer \(type\)\s+.{0,40}Output Shape", re.IGNORECASE)
HEAD_INFO = re.compile(r"\bLayer \(type(?: \(var_name\))?:depth-idx|\bLayer \(type \(var_name\)\)", re.IGNORECASE)
FOOT = re.compile(r"^\W{0,20}(?:total|trainable|non-?trainable) params\s*:", re.IGNORECASE)
INFO_MARK = re.compile(r"\bmult-adds\b", re.IGNORECASE)
FARTHEST = 400  # lines from the head of a table to its foot

Tool = Literal["torchsummary", "torchinfo", "none"]


def mark_tools(drafts: Sequence[Draft]) -> list[Draft]:
    """Parameter claims in the foot of a summary get its tool; a trainable total equal to the total is left out."""
    marked: list[Draft] = []
    total: float | None = None
    tools: dict[int, Tool] | None = None
    for draft in drafts:
        claim = draft.statement
        if not isinstance(claim, ParameterClaim) or not FOOT.match(draft.line.plain):
            marked.append(draft)
            continue
        if claim.scope == "total":
            total = claim.figure.value
        if (claim.scope == "trainable" and claim.figure.value == total) or (
            claim.scope == "non_trainable" and claim.figure.value == 0
        ):
            continue
        tools = _tools(draft.document.lines) if tools is None else tools
        marked.append(replace(draft, statement=claim.model_copy(update={"tool": tools.get(id(draft.line), "none")})))
    return marked


def _tools(lines: Sequence[Line]) -> dict[int, Tool]:
    """For each line in the foot of a summary the tool that printed the head above it."""
    found: dict[int, Tool] = {}
    head, tool = -FARTHEST, "none"
    for number, line in enumerate(lines):
        if "ayer" in line.plain:
            if HEAD_INFO.search(line.plain):
                head, tool = number, "torchinfo"
            elif HEAD_SUMMARY.search(line.plain):
                head, tool = number, "torchsummary"
        if number - head < FARTHEST and FOOT.match(line.plain):
            info = any(INFO_MARK.search(after.plain) for after in lines[number : number + 6])
            found[id(line)] = "torchinfo" if info or tool == "torchinfo" else "torchsummary"
    return found
