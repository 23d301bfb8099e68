"""Figures of the HTML report: pure functions from values to inline SVG, themed by the page's stylesheet.

No style attribute is used (the page's content security policy forbids them) and colour never carries meaning alone.
"""
