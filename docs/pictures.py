"""Screenshots of a study's report for the README, by Chromium: python docs/pictures.py --study laptop.

Writes docs/report.png (first screen) and docs/control.png (permuted-label control). Neither shows a mammogram.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
SCREEN = {"width": 1440, "height": 900}


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description="Take screenshots of a study's report for the README.")
    parser.add_argument("--study", required=True, help="name of a study whose results are below results/")
    report = Path("results") / parser.parse_args().study / "report" / "report.html"
    chromium = shutil.which("chromium") or parser.error("Chromium is not installed")
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page(viewport=SCREEN)
        page.goto(report.resolve(strict=True).as_uri())
        page.screenshot(path=DOCS / "report.png")
        page.goto(report.with_name("supplement.html").resolve(strict=True).as_uri())
        page.locator("#figure-control").screenshot(path=DOCS / "control.png")


if __name__ == "__main__":
    main()
