"""The charts of the overview: pure functions from rows to inline SVG, in the manner of `grader.report.figures`."""
