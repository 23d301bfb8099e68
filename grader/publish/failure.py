"""Why something could not be posted: for now, or for good."""

from grader.errors import PublishError


class Delayed(PublishError):
    """It may pass: a limit, an outage, a token that has to be renewed. `seconds`: not worth a try before."""

    def __init__(self, message: str, *, mend: str = "", seconds: float = 60.0) -> None:
        super().__init__(message, mend=mend)
        self.seconds = seconds


class Uncertain(Delayed):
    """A request that must not simply be repeated had no answer: it may have been carried out."""


class Forbidden(Delayed):
    """The token lacks the right. Another one may have it."""


class Refused(PublishError):
    """The forge will not take it, however often it is asked."""


class Gone(Refused):
    """What was named is not there (any more), or not for this token."""


class Superseded(PublishError):
    """It is about a commit that the pull request no longer shows."""
