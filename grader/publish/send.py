"""One post, sent: what it takes to be there once, and only while it is about what is shown."""

from dataclasses import dataclass

from grader.publish.failure import Forbidden, Gone, Refused, Superseded, Uncertain
from grader.publish.forge import BATCH, CheckState, Forge
from grader.publish.marker import Thread
from grader.publish.place import Place
from grader.publish.posts import CheckPost, CommentPost, LabelsPost, Post, StatusPost
from grader.publish.sticky import write_comment


@dataclass(frozen=True)
class Sent:
    """`remote_id`: GitHub's id of it, where it has one."""

    remote_id: str
    url: str = ""
    changed: bool = True


def send(post: Post, place: Place, forge: Forge, key: bytes, known: str) -> Sent:
    """Post it. `known`: GitHub's id of what was posted in that place before, or "".

    Raises Superseded for what belongs to a pull request that shows another commit by now, and PublishError as the
    forge does.
    """
    number = int(known) if known.isdecimal() else None
    match post:
        case CommentPost():
            return _comment(post, place, forge, key, number)
        case CheckPost():
            return _check(post, forge)
        case StatusPost():
            forge.set_status(post)
            return Sent("")
        case LabelsPost():
            return _labels(post, place, forge)


def _comment(post: CommentPost, place: Place, forge: Forge, key: bytes, known: int | None) -> Sent:
    pull = _pull(place)
    repository_id = _require_head(pull, post.commit, forge)
    thread = Thread(place.api.rstrip("/"), repository_id, pull, post.slot, key)
    written = write_comment(forge, thread, post.body, known)
    return Sent(str(written.id), written.url, written.changed)


def _check(post: CheckPost, forge: Forge) -> Sent:
    """A check run; a commit status where the token is a person's, which may not write check runs."""
    try:
        return _checked(post, forge)
    except Forbidden as problem:
        try:
            forge.set_status(post.status)
        except Forbidden:
            raise problem from None
        return Sent("")


def _checked(post: CheckPost, forge: Forge) -> Sent:
    """Go on with a run that was begun; begin another one where the annotations of an older report could be left."""
    lost = 0
    while True:
        there = forge.check_of(post)
        begun = there is not None and there.says(post) and there.annotations <= len(post.annotations)
        if there is not None and begun and there.annotations == len(post.annotations):
            return Sent(str(there.id), changed=lost > 0)
        try:
            if there is not None and (begun or there.annotations == 0) and _edited(post, there, forge):
                return Sent(str(there.id))
            number = forge.add_check(post)
            if len(post.annotations) > BATCH:
                forge.edit_check(number, post, BATCH)
            return Sent(str(number))
        except Uncertain as problem:
            lost += 1
            if lost >= forge.patience.attempts:
                raise
            forge.patience.pause(lost, problem.message)


def _edited(post: CheckPost, there: CheckState, forge: Forge) -> bool:
    """Bring a check run up to date; False where it is another App's."""
    try:
        forge.edit_check(there.id, post, there.annotations)
    except Forbidden:
        return False
    return True


def _labels(post: LabelsPost, place: Place, forge: Forge) -> Sent:
    pull = _pull(place)
    _require_head(pull, post.commit, forge)
    there = forge.labels(pull)
    surplus = [name for name in post.family if name in there and name != post.label]
    for name in surplus:
        forge.remove_label(pull, name)
    if post.label not in there:
        forge.add_label(pull, post.label)
    return Sent("", changed=bool(surplus) or post.label not in there)


def _pull(place: Place) -> int:
    if place.pull_request is None:
        raise Refused(f"Without a pull request there is no place for it in {place.repository}.")
    return place.pull_request


def _require_head(pull: int, commit: str, forge: Forge) -> int:
    """The id of the repository. Raises Superseded where the pull request shows another commit."""
    try:
        head = forge.head(pull)
    except Gone as problem:
        raise Gone(f"There is no pull request {pull}, or not for this token.") from problem
    if head.commit != commit:
        raise Superseded(f"Pull request {pull} shows commit {head.commit[:7]}; this is about {commit[:7]}.")
    return head.repository_id
