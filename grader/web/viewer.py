"""Somebody who proved who they are."""

from dataclasses import dataclass

from grader.model.review import Role

ADMIN = "admin"  # who holds the token


@dataclass(frozen=True)
class Viewer:
    """`login` is that of the forge, lower case; "admin" for the holder of the admin token."""

    login: str
    role: Role
    by_token: bool = False  # by a header of the request, not by a cookie that another site could make a browser send

    @property
    def is_instructor(self) -> bool:
        """Whether everything may be seen and done."""
        return self.role == "instructor"

    def may_see(self, login: str) -> bool:
        """Students see what belongs to their own account; `login` is whose it is, "" where nobody knows."""
        return self.is_instructor or (login != "" and login == self.login)
