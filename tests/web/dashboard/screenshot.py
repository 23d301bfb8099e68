"""A picture of the dashboard: `python tests/web/dashboard/screenshot.py OUT.png [--page NAME] [--width 1280]`.

The documentation's: `python tests/web/dashboard/screenshot.py docs/dashboard.png --height 1500`.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "report"))

from classroom import cookie_for, fill, served
from PIL import Image
from playwright.sync_api import sync_playwright

PAGES = {"class": "/assignments/mnist", "assignments": "/", "to-do": "/to-do", "audit": "/audit"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--page", default="class", help=f"{', '.join(PAGES)}, or a student's name for their grading")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, help="only the first pixels; default: the whole page")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (url, services), sync_playwright() as tool:
        jobs = services.store.transact(fill)
        path = PAGES.get(options.page) or f"/jobs/{jobs[options.page]}"
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        size = {"width": options.width, "height": options.height or 900}
        context = browser.new_context(viewport=size, color_scheme="dark" if options.dark else "light")  # type: ignore[arg-type]
        cookies = cookie_for(services, "prof-ada", "instructor")
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        page = context.new_page()
        page.goto(url + path)
        picture = Image.open(io.BytesIO(page.screenshot(full_page=options.height is None))).convert("RGB")
        browser.close()
    # 256 colours are enough for a page of text and lines, and a third of the size.
    picture.quantize(256, dither=Image.Dither.NONE).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
