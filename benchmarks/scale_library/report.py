"""The results of all sizes side by side, their growth, and whether they meet the targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Figures = Mapping[str, float]
Results = Mapping[str, Mapping[str, Figures]]
"""By size ("1000") and measurement; for tag libraries by their size ("tags:1000"), the first and the second time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: which result it shows, and in what unit."""

    title: str
    what: str
    figure: str
    unit: str = "s"
    grows: bool = True


ROWS = (
    Row("open", "search", "open"),
    Row("process start to first search result", "search", "first"),
    Row("warm search, p50", "search", "warm_p50"),
    Row("warm search, p95", "search", "warm_p95"),
    Row("search with a query never asked before, p50", "search", "new_p50"),
    Row("search right after a commit", "after_commit", "after_commit"),
    Row("… a warm one in that process", "after_commit", "warm"),
    Row("resident after all searches", "search", "resident", "GB"),
    Row("… at most", "search", "peak_resident", "GB"),
    Row("`show`", "show", "show"),
    Row("`ask --video`", "ask", "ask"),
    Row("tag one video (1,000 tags)", "tag", "tag"),
    Row("`tag --all`, videos a second", "tag", "tags_per_second", "/s"),
    Row("vector index: recall@300", "recall", "recall", "", grows=False),
    Row("… of the nearest 20", "recall", "recall_of_20", "", grows=False),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A target, the measured value, and whether it is met; None if it was not measured."""

    aim: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        return "not measured" if self.met is None else "met" if self.met else "**missed**"


def markdown(results: Results, machine: str) -> str:
    """The whole report."""
    sizes = [size for size in results if size.isdigit()]
    parts = ["# How cost grows with the library", "", machine, "", *_growth(results, sizes), ""]
    tags = [name for name in results if name.startswith("tags:")]
    if tags:
        parts += [*_tags(results, tags), ""]
    parts += ["## Targets", "", "| target | measured | |", "|---|---|---|"]
    parts += [f"| {bar.aim} | {bar.measured} | {bar.verdict} |" for bar in bars(results)]
    return "\n".join(parts) + "\n"


def exponent(small: float, large: float, factor: float) -> float | None:
    """b of cost ~ size^b between two sizes; None if there is nothing to compare."""
    return math.log(large / small) / math.log(factor) if small > 0 and large > 0 and factor > 1 else None


def bars(results: Results) -> list[Bar]:
    """The targets, judged by the smallest and the largest size, and by the largest of up to 10,000 videos."""
    sizes = sorted((size for size in results if size.isdigit()), key=int)
    if not sizes:
        return []
    small, large = sizes[0], sizes[-1]
    middle = max((size for size in sizes if int(size) <= 10_000), key=int, default=small)

    def at(size: str, what: str, figure: str) -> float | None:
        return results.get(size, {}).get(what, {}).get(figure)

    def growth(title: str, what: str, figure: str, far: str, most: float) -> Bar:
        before, after = at(small, what, figure), at(far, what, figure)
        aim = f"{title} at {int(far):,} videos ≤ {most:g} × that at {int(small):,}"
        if before is None or after is None or far == small:
            return Bar(aim, "–", None)
        return Bar(aim, f"{after / before:.2f} ×", after <= most * before)

    def limit(aim: str, value: float | None, written: Callable[[float], str], holds: Callable[[float], bool]) -> Bar:
        return Bar(aim, "–", None) if value is None else Bar(aim, written(value), holds(value))

    after, warm = at(large, "after_commit", "after_commit"), at(large, "after_commit", "warm")
    found = [
        growth("warm search, p50,", "search", "warm_p50", large, 2.0),
        limit(f"… at {int(large):,} ≤ 80 ms", at(large, "search", "warm_p50"), _ms, lambda value: value <= 0.08),
        limit(f"… p95 ≤ 200 ms at {int(large):,}", at(large, "search", "warm_p95"), _ms, lambda value: value <= 0.2),
        limit(
            f"search right after a commit ≤ 1.5 × a warm one, at {int(large):,}",
            after / warm if after is not None and warm else None,
            lambda value: f"{value:.2f} ×",
            lambda value: value <= 1.5,
        ),
        growth("process start to first result", "search", "first", large, 2.5),
        limit(
            f"resident at {int(large):,} videos ≤ 2.6 GB",
            at(large, "search", "resident"),
            lambda value: f"{value / 1e9:.2f} GB",
            lambda value: value <= 2.6e9,
        ),
        growth("`show`", "show", "show", middle, 1.5),
        growth("`ask --video`", "ask", "ask", middle, 1.5),
        growth("tagging one video", "tag", "tag", middle, 1.5),
    ]
    before, many = at(small, "tag", "tags_per_second"), at(middle, "tag", "tags_per_second")
    share = many / before if before and many is not None and middle != small else None
    aim = f"`tag --all`, videos a second at {int(middle):,} ≥ 0.7 × that at {int(small):,}"
    found.append(limit(aim, share, lambda value: f"{value:.2f} ×", lambda value: value >= 0.7))
    aim = f"recall@300 of the vector index at {int(large):,} videos ≥ .95"
    found.append(limit(aim, at(large, "recall", "recall"), lambda value: f"{value:.3f}", lambda value: value >= 0.95))
    return found + _tag_bars(results)


def _tag_bars(results: Results) -> list[Bar]:
    tags = sorted(int(name.partition(":")[2]) for name in results if name.startswith("tags:"))
    few, many = (f"tags:{tags[0]}", f"tags:{tags[-1]}") if len(tags) > 1 else ("", "")
    aims = (
        f"a tagger over {tags[-1] if tags else 100_000:,} tags starts in ≤ 3 s the second time",
        f"… and takes ≤ 150 ms a video beyond what {tags[0] if tags else 1_000:,} tags take",
        "… and no more for a video of 100 clips",
    )
    if not many:
        return [Bar(aim, "–", None) for aim in aims]
    start = results[many]["second"]["start"]
    found = [Bar(aims[0], f"{start:.2f} s", start <= 3.0)]
    for aim, figure in zip(aims[1:], ("tag", "tag_long"), strict=True):
        taken, usual = (results[name]["second"].get(figure) for name in (many, few))
        more = None if taken is None or usual is None else taken - usual
        found.append(Bar(aim, "–", None) if more is None else Bar(aim, _ms(more), more <= 0.15))
    return found


def _growth(results: Results, sizes: Sequence[str]) -> list[str]:
    lines = [
        "CPU seconds, medians unless said otherwise. An exponent is b in cost ~ videos^b between neighbouring sizes. "
        "The videos have no blobs, so that near-duplicates are not looked for; in libraries of up to 10,000 they have "
        "12 clips, beyond that 10, and only the picture collection is filled.",
        "",
        f"| | {' | '.join(f'{int(size):,} videos' for size in sizes)} | exponents |",
        f"|---|{'---:|' * len(sizes)}---|",
    ]
    for row in ROWS:
        values = [results[size].get(row.what, {}).get(row.figure) for size in sizes]
        if all(value is None for value in values):
            continue
        growth = [
            exponent(before, after, int(there) / int(here))
            for (before, after), (here, there) in zip(pairwise(values), pairwise(sizes), strict=True)
            if before is not None and after is not None
        ]
        steps = ", ".join("–" if step is None else f"{step:.2f}" for step in growth) if row.grows else ""
        lines.append(f"| {row.title} | {' | '.join(_written(value, row.unit) for value in values)} | {steps} |")
    return lines


def _tags(results: Results, names: Sequence[str]) -> list[str]:
    lines = [
        f"| tags | {' | '.join(f'{int(name.partition(chr(58))[2]):,}' for name in names)} |",
        f"|---|{'---:|' * len(names)}",
    ]
    for title, when, figure in (
        ("tagger's start, first time", "first", "start"),
        ("… second time", "second", "start"),
        ("tag one video", "second", "tag"),
        ("… of 100 clips", "second", "tag_long"),
    ):
        cells = [_written(results[name].get(when, {}).get(figure), "s") for name in names]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "GB":
        return f"{value / 1e9:.2f} GB"
    return f"{value:.3f}" if unit == "" else f"{value:.3g} {unit}".replace(" /s", "/s")


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"
