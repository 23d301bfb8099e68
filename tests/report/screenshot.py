"""A picture of an HTML report: `python tests/report/screenshot.py REPORT.html OUT.png --width 1280`.

The README's: `python tests/report/screenshot.py REPORT.html docs/report.png --width 1280 --brief`.
"""

import argparse
import io
from pathlib import Path

from headless_chromium import tab
from PIL import Image

NOT_BRIEF = "#flags, #model, #mistakes, #interpretation, #recipe, #provenance, footer, details, #training .note"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("out", type=Path, help="*.png, or *.pdf for what the printer gets")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, help="only the first pixels; default: the whole page")
    parser.add_argument("--brief", action="store_true", help="only verdict, criteria, receptive field and curves")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    with tab() as page:
        page.open(options.report, options.width, dark=options.dark)
        if options.brief:
            page.evaluate(f"document.querySelectorAll('{NOT_BRIEF}').forEach(part => part.remove())")
        if options.out.suffix == ".pdf":
            options.out.write_bytes(page.pdf())
            return
        picture = Image.open(io.BytesIO(page.screenshot(options.height))).convert("RGB")
    # 256 colours are enough for a page of text and lines, and a third of the size.
    picture.quantize(256, dither=Image.Dither.NONE).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
