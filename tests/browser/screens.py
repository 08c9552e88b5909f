"""Pictures of every page of the web app for docs/screens: ``python -m tests.browser.screens`` (``make screens``).

The films are made on the spot, so that nobody else's pictures get into the repository but two photos in the public
domain that packages carry (an astronaut, a cup of coffee).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from kinodex.library import Library
from tests.browser.conftest import CHROMIUM
from tests.browser.pages import Tab, tab
from tests.browser.served import serving
from tests.planted import film as planted
from tests.planted.film import Put, Say, Text
from tests.planted.making import make

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"

FILMS = (
    planted.Film(
        "baking.mp4",
        14,
        ((0, planted.GREY), (8, planted.WHITE)),
        puts=(Put("coffee", 8, 14),),
        texts=(Text("BREAD 250 GRAMS", 0.5, 7.5, (0.5, 0.3), 0.13),),
        says=(
            Say("Welcome to the kitchen. Today we bake bread.", 0.5),
            Say("The oven must be at two hundred degrees.", 5.0),
            Say("Now we drink a cup of coffee.", 9.0),
        ),
    ),
    planted.Film("training.mp4", 10, ((0, planted.TEAL),), puts=(Put("astronaut", 0, 10),), silent=True),
    planted.Film(
        "opening-hours.mp4",
        9,
        ((0, planted.WHITE), (5, planted.GREY)),
        texts=(Text("OPEN 9 TO 5", 0.5, 8.5, (0.5, 0.4), 0.15),),
        says=(Say("The harbour opens at nine in the morning.", 1.0),),
    ),
    planted.Film(
        "coffee-maker.mp4",
        9,
        ((0, planted.GREY),),
        puts=(Put("coffee", 2, 9),),
        texts=(Text("咖啡 299元", 0.5, 8.5, (0.5, 0.8), 0.12),),
        says=(Say("This coffee maker costs forty dollars.", 1.0),),
    ),
)

TAGS = """id,name,facet,aliases
1,coffee,what,espresso;咖啡
2,astronaut,who,宇航员
3,baking,what,bread;烘焙
"""

VIEWS = (("en", 1440, "light", "en-GB"), ("zh", 1440, "dark", "zh-CN"), ("phone", 390, "light", "en-GB"))
"""Name, width, theme, language."""


def main() -> None:
    """Takes the pictures."""
    SCREENS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    try:
        make(FILMS, folder / "media")
        (folder / "tags.csv").write_text(TAGS, encoding="utf-8")
        with Library.open(folder / "library", create=True) as library:
            library.ingest(folder / "media")
            library.import_tags(folder / "tags.csv")
            library.tag()
        with Library.open(folder / "library") as library, serving(library) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--mute-audio"])
            ids = {Path(one.uris[0]).name: one.video_id for one in library.videos()}
            for name, width, theme, language in VIEWS:
                size = (width, 900 if width > 600 else 844)
                shown = tab(browser, address, size, color_scheme=theme, locale=language)
                _take(shown, name, ids["baking.mp4"])
            browser.close()
    finally:
        shutil.rmtree(folder)


def _take(shown: Tab, name: str, video_id: str) -> None:
    pages: dict[str, str] = {
        "library": "/",
        "search": "/search?q=coffee",
        "video": f"/videos/{video_id}?t=8",
        "chat": "/chat",
        "people": "/people",
        "vocabulary": "/vocabulary",
        "proposals": "/proposals",
        "review": "/review",
        "jobs": "/jobs",
        "settings": "/settings",
    }
    for page, path in pages.items():
        shown.go(path)
        if page == "chat":
            _ask(shown.page, "厨房里烤什么？" if name == "zh" else "How hot must the oven be?")
        shown.page.wait_for_timeout(1500)
        shown.page.screenshot(path=SCREENS / f"{page}-{name}.png")


def _ask(page: Any, question: str) -> None:
    box = page.locator("textarea").first
    box.fill(question)
    box.press("Enter")
    page.wait_for_timeout(8000)


if __name__ == "__main__":
    main()
