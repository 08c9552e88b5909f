"""A reliability chart: how often tags of each confidence are true, as SVG that is as wide as its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from kinodex.schemas.tagging.report import ReliabilityBin

WIDTH, HEIGHT = 480, 440

_Scale = Callable[[float], float]
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 52, 116
_WIDEST = 600  # pixels; narrower, it is still read on a phone
_BARS = 40  # height of the strip that shows how many cases there are
_STYLE = """
.k-chart{font:15px system-ui,sans-serif;background:#fff;color:#1b1f24}
.k-chart text{fill:currentColor}.k-chart .soft{fill:#57606a}
.k-chart .grid{stroke:#d8dee4}.k-chart .ideal{stroke:#57606a;stroke-dasharray:6 5}
.k-chart .line{fill:none;stroke:#0a58ca;stroke-width:2}.k-chart .dot{fill:#0a58ca}
.k-chart .whisker{stroke:#0a58ca;stroke-width:2}.k-chart .bar{fill:#9fc1f5}
@media(prefers-color-scheme:dark){.k-chart{background:#0d1117;color:#e6edf3}.k-chart .soft{fill:#9da7b3}
.k-chart .grid{stroke:#30363d}.k-chart .ideal{stroke:#9da7b3}.k-chart .line,.k-chart .whisker{stroke:#6cb0ff}
.k-chart .dot{fill:#6cb0ff}.k-chart .bar{fill:#1f4a80}}
"""


def reliability_svg(bins: Sequence[ReliabilityBin], title: str, note: str) -> str:
    """The chart.

    Args:
        bins: those with cases; none draws the empty frame and says so.
        title: what it is of; ``note``: a line beneath the title.
    """
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(share: float) -> float:
        return round(_LEFT + wide * share, 1)

    def y(share: float) -> float:
        return round(_TOP + high * (1 - share), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="k-chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'style="width:100%;max-width:{_WIDEST}px;height:auto" aria-labelledby="k-title k-desc">',
        f'<title id="k-title">{escape(title)}</title><desc id="k-desc">{escape(_told(bins))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<text x="{_LEFT}" y="18" font-weight="600">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="36" font-size="13" class="soft">{escape(note)}</text>',
    ]
    for tenth in range(0, 11, 2):
        share = tenth / 10
        parts.append(
            f'<line class="grid" x1="{_LEFT}" y1="{y(share)}" x2="{_LEFT + wide}" y2="{y(share)}"/>'
            f'<text x="{_LEFT - 8}" y="{y(share) + 5}" text-anchor="end" font-size="13">{share:.1f}</text>'
            f'<text x="{x(share)}" y="{_TOP + high + 20}" text-anchor="middle" font-size="13">{share:.1f}</text>'
        )
    parts.append(f'<line class="ideal" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>')
    parts.append(
        f'<text x="16" y="{_TOP + high / 2}" text-anchor="middle" font-size="13" '
        f'transform="rotate(-90 16 {_TOP + high / 2})">share that people call true</text>'
    )
    parts += _points(bins, x, y)
    parts += _bars(bins, x)
    foot = "confidence; below: how many were judged" if bins else "nothing was judged yet"
    parts.append(f'<text x="{x(0.5)}" y="{HEIGHT - 8}" text-anchor="middle" font-size="13">{foot}</text></svg>')
    return "".join(parts) + "\n"


def _points(bins: Sequence[ReliabilityBin], x: _Scale, y: _Scale) -> list[str]:
    parts = []
    path = " ".join(f"{x(one.confidence)},{y(one.true)}" for one in bins)
    if len(bins) > 1:
        parts.append(f'<polyline class="line" points="{path}"/>')
    for one in bins:
        at = x(one.confidence)
        low, high = one.interval
        parts.append(
            f'<line class="whisker" x1="{at}" y1="{y(low)}" x2="{at}" y2="{y(high)}"/>'
            f'<circle class="dot" cx="{at}" cy="{y(one.true)}" r="5"><title>{escape(_line(one))}</title></circle>'
        )
    return parts


def _bars(bins: Sequence[ReliabilityBin], x: _Scale) -> list[str]:
    parts = []
    most = max((one.cases for one in bins), default=1)
    floor = HEIGHT - 30
    for one in bins:
        tall = round(max(2.0, _BARS * one.cases / most), 1)
        parts.append(
            f'<rect class="bar" x="{x(one.low) + 2}" y="{floor - tall}" width="{x(one.high) - x(one.low) - 4:.1f}" '
            f'height="{tall}"><title>{escape(_line(one))}</title></rect>'
            f'<text x="{x((one.low + one.high) / 2)}" y="{floor - tall - 4}" text-anchor="middle" font-size="12">'
            f"{_short(one.cases)}</text>"
        )
    return parts


def _short(count: int) -> str:
    return str(count) if count < 10_000 else f"{count / 1000:.0f}k"


def _line(one: ReliabilityBin) -> str:
    low, high = one.interval
    return (
        f"confidence {one.low:.1f} to {one.high:.1f}: {one.cases} judged, {100 * one.true:.0f} % true "
        f"(95 % interval {100 * low:.0f} to {100 * high:.0f} %), said {100 * one.confidence:.0f} %"
    )


def _told(bins: Sequence[ReliabilityBin]) -> str:
    return "; ".join(map(_line, bins)) or "Nothing was judged yet."
