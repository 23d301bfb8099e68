"""What is to be posted, as plain data: rendered once, sent now or later."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from grader.model.base import Frozen

Kind = Literal["comment", "check", "status", "labels"]


class CommentPost(Frozen):
    """A comment's text, without its marker. Only while `commit` is the pull request's head."""

    kind: Literal["comment"] = "comment"
    commit: str
    slot: str
    body: str


class Annotation(Frozen):
    """A remark on one line of a file; `path` is relative to the repository."""

    path: str
    line: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


class StatusPost(Frozen):
    """A commit status: one word and one line."""

    kind: Literal["status"] = "status"
    commit: str
    context: str
    state: Literal["success", "failure", "error"]
    description: str
    link: str = ""


class CheckPost(Frozen):
    """A check run; `status` stands in where the token may not write one."""

    kind: Literal["check"] = "check"
    commit: str
    slot: str
    name: str
    conclusion: Literal["success", "failure", "neutral"]
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()
    link: str = ""
    status: StatusPost


class LabelsPost(Frozen):
    """A label to set, and those of the same family to take away. Only while `commit` is the pull request's head."""

    kind: Literal["labels"] = "labels"
    commit: str
    label: str
    family: tuple[str, ...]


Post = CommentPost | CheckPost | StatusPost | LabelsPost
POSTS: TypeAdapter[list[Post]] = TypeAdapter(list[Annotated[Post, Field(discriminator="kind")]])
