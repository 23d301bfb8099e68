"""The calibration as one self-contained HTML file, under the same policy as a report."""

from markupsafe import Markup

from grader.calibration.figures import curve_panels, strip_panels
from grader.calibration.view import page
from grader.model.calibration import Calibration
from grader.report.templates import content_security_policy, environment, stylesheet


def to_html(calibration: Calibration) -> str:
    """No script, no network, no style attributes."""
    style = stylesheet("report.css", "calibration.css")
    return (
        environment()
        .get_template("calibration.html.j2")
        .render(
            page=page(calibration),
            panels=tuple(zip(curve_panels(calibration), strip_panels(calibration), strict=True)),
            style=Markup(style),  # noqa: S704  ours, from templates/
            policy=content_security_policy(style),
        )
    )
