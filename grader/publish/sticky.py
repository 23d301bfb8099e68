"""The one comment of a rubric on a pull request: found, written, brought up to date; never a second one."""

from dataclasses import dataclass

from grader.publish.failure import Gone, Uncertain
from grader.publish.forge import Forge
from grader.publish.marker import Comment, Thread


@dataclass(frozen=True)
class Written:
    """Where the comment is now; `changed` is False where it said all of this before."""

    id: int
    url: str
    changed: bool


def write_comment(forge: Forge, thread: Thread, body: str, known: int | None) -> Written:
    """Let the thread's one comment say `body`. `known`: its id, where that is known.

    A comment that was deleted is written anew. Where two were written at the same time, or one was written although
    its answer was lost, the oldest stays.
    """
    found = None if known is None else forge.comment(thread.pull_request, known)
    found = found or _found(forge, thread)
    if found is not None:
        try:
            return _brought_up_to_date(forge, thread, found, body)
        except Gone:  # deleted this moment
            pass
    return _brought_up_to_date(forge, thread, _added(forge, thread, body), body, fresh=True)


def _found(forge: Forge, thread: Thread) -> Comment | None:
    ours = thread.ours(forge.comments(thread.pull_request), forge.author())
    for surplus in ours[1:]:
        forge.delete_comment(thread.pull_request, surplus.id)
    return ours[0] if ours else None


def _added(forge: Forge, thread: Thread, body: str) -> Comment:
    """A new comment; after a lost answer the one that is there. Of two at the same time only the older one stays."""
    lost = 0
    while True:
        try:
            made = forge.add_comment(thread.pull_request, _text(thread, None, body))
            return _found(forge, thread) or made
        except Uncertain as problem:
            lost += 1
            if lost >= forge.patience.attempts:
                raise
            forge.patience.pause(lost, problem.message)
            if there := _found(forge, thread):
                return there


def _brought_up_to_date(forge: Forge, thread: Thread, comment: Comment, body: str, *, fresh: bool = False) -> Written:
    text = _text(thread, comment.id if thread.key else None, body)
    if comment.body.strip() == text.strip():
        return Written(comment.id, comment.url, changed=fresh)
    done = forge.edit_comment(thread.pull_request, comment.id, text)
    return Written(done.id, done.url, changed=True)


def _text(thread: Thread, comment: int | None, body: str) -> str:
    return f"{thread.line(comment)}\n{body}"
