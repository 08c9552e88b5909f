"""The web app in Chromium: what a page shows, and what it must never do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.browser.films import BITS, BLOCK, SIZE

AXE = Path(__file__).parents[2] / "kinodex" / "web" / "node_modules" / "axe-core" / "axe.min.js"

_REPORTS = """
window.__reports = [];
document.addEventListener('securitypolicyviolation', event =>
  window.__reports.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""

_AXE = """async () => {
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']});
  return found.violations.filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.target.join(' ') + ' ' + node.failureSummary).join(' | '));
}"""

# The number that the picture of the page's video shows by its bits.
_NUMBER = """([bits, block, width, height]) => {
  const v = document.querySelector('video'), c = document.createElement('canvas');
  c.width = width; c.height = height;
  const context = c.getContext('2d', {willReadFrequently: true});
  context.drawImage(v, 0, 0, width, height);
  let number = 0;
  for (let bit = 0; bit < bits; bit++)
    if (context.getImageData(bit * block + block / 2, block / 2, 1, 1).data[0] > 128) number |= 1 << bit;
  return number;
}"""


@dataclass
class Tab:
    """A page of the app, with what it reported: errors of scripts, of the policy, and requests to other hosts."""

    page: Any
    address: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, path: str) -> Tab:
        """Open an address of the app, until nothing moves on the line."""
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        return self

    def video(self, what: str) -> Any:
        """A property of the page's `<video>`."""
        return self.page.evaluate(f"document.querySelector('video').{what}")

    def until(self, condition: str, seconds: float = 15) -> None:
        """Wait for a condition in JavaScript; asked from here, because the page's policy has no eval."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}"
            self.page.wait_for_timeout(40)

    def frame(self) -> int:
        """The number of the frame that the video shows."""
        number: int = self.page.evaluate(_NUMBER, [BITS, BLOCK, *SIZE])
        return number

    def clean(self) -> None:
        """Assert that nothing was reported."""
        assert self.errors == []
        assert self.foreign == []
        assert max(map(self.asked.count, self.asked), default=0) < 12, "something is asked again and again"
        assert self.page.evaluate("window.__reports") == []

    def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        fits: bool = self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return fits

    def accessible(self) -> None:
        """Assert that axe has no serious finding."""
        assert AXE.exists(), "axe-core is missing: run `npm ci` in kinodex/web."
        self.page.evaluate(AXE.read_text() + "; undefined")
        assert self.page.evaluate(_AXE) == []


def tab(browser: Any, address: str, size: tuple[int, int] = (1440, 900), **options: Any) -> Tab:
    """A new window without memory; ``options`` as `playwright.Browser.new_context`."""
    options = {"locale": "en-GB", **options}
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **options)
    context.add_init_script(_REPORTS)
    page = context.new_page()
    made = Tab(page, address)
    page.on("pageerror", lambda error: made.errors.append(str(error)))
    page.on("console", lambda message: made.errors.append(message.text) if message.type == "error" else None)
    page.on(
        "request", lambda request: (made.asked if request.url.startswith(address) else made.foreign).append(request.url)
    )
    return made
