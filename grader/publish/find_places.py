"""Where a report about a commit belongs, where nobody named a pull request."""

from grader.publish.forge import Forge
from grader.publish.place import Place


def places_of(forge: Forge, commit: str, api: str, pull_request: int | None = None) -> list[Place]:
    """The pull request that is named, else every open one that shows the commit, else the commit alone.

    They are found by their heads: what GitHub lists for a commit, and its events, leave out those from forks. Raises
    PublishError where GitHub does not tell.
    """
    if pull_request is not None:
        return [Place(forge.name, commit, pull_request, api)]
    found = [Place(forge.name, commit, number, api) for number in forge.pulls_showing(commit)]
    return found or [Place(forge.name, commit, None, api)]
