"""The templates, their stylesheets, and the policy under which a page that was made of them is shown."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.assets import folder
from grader.report.escape import spans


def content_security_policy(style: str, script: str = "") -> str:
    """Nothing may load; the one stylesheet is allowed by its digest, pictures only from within the file.

    Nothing may run either, but for `script` where a page has one of ours: it is allowed by its digest.
    """
    allowed = f"style-src {_digest(style)}; img-src data:"
    allowed += f"; script-src {_digest(script)}" if script else ""
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline(text: str) -> Markup:
    """Our sentences' backticks as <code>; everything is escaped."""
    form = {True: Markup("<code>{}</code>"), False: Markup("{}")}
    return Markup("").join(form[code].format(piece) for piece, code in spans(text))


@cache
def environment() -> Environment:
    """Jinja over templates/: everything is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = _inline
    return environment


@cache
def stylesheet(*names: str) -> str:
    """Stylesheets of templates/, one after the other."""
    return "\n".join((folder("templates") / name).read_text(encoding="utf-8") for name in names)


@cache
def script(name: str) -> str:
    """A script of templates/."""
    return (folder("templates") / name).read_text(encoding="utf-8")
