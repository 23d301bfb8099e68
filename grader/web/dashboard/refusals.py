"""Why a page is not shown, or a form not taken: one sentence each."""


class Refusal(Exception):
    """`status` is HTTP's, `title` and `message` are for people."""

    status = 400
    title = "That did not work"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotThere(Refusal):
    """There is no such thing, or it belongs to somebody else: nobody can tell which."""

    status = 404
    title = "Not found"

    def __init__(self) -> None:
        super().__init__("There is no such page, or it is not yours to see.")


class FormRefused(Refusal):
    """A form that is not ours, or older than the session."""

    status = 403
    title = "This form is out of date"

    def __init__(self) -> None:
        super().__init__("Nothing was changed. Go back, reload the page, and send the form again.")


class BadForm(Refusal):
    """A form that can't be read, or in which something is missing."""


class TooLarge(Refusal):
    """More than a form of ours can hold."""

    status = 413
    title = "That is too long"


class SignInFailed(Refusal):
    """A wrong token, or a way back from the forge that nobody had begun here."""

    status = 403
    title = "You are not signed in"
