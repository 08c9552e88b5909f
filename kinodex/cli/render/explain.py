"""Why a search found what it found, as tables for people that fit into 80 columns."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, table
from kinodex.text import clock

Payload = dict[str, Any]

_NAMED = 3
"""How many videos are named for each reason; there may be thousands. ``--json`` has them all."""

_CHANNELS = {"text": "text (said, read on screen or captioned)"}
_REASONS = {
    "not_indexed": "not indexed (see: kinodex errors)",
    "nothing_found": "processed, but nothing of this kind was found in them",
    "other_model": "indexed by a model that is not available here (repair: kinodex reembed)",
}


def explanation(console: Console, payload: Payload, only: Collection[str] | None = None) -> None:
    """Where the scores come from, what was searched, and what was not shown.

    Args:
        only: ids of the videos that were to be searched; None for all.
    """
    console.print()
    console.print("Where the scores come from", style="bold")
    _shares(console, [moment for moment in payload["moments"] if moment["outcome"] == "shown"])
    others = [moment for moment in payload["moments"] if moment["outcome"] != "shown"]
    if others:
        console.print()
        console.print("Found, but not shown", style="bold")
        _not_shown(console, others)
    console.print()
    console.print("What was searched", style="bold")
    _sources(console, payload["sources"])
    for group in payload["not_searched"]:
        videos = [video for video in group["videos"] if only is None or video["video_id"] in only]
        if videos:
            _gap(console, {**group, "videos": videos})
    console.print()
    console.print("How a score is made", style="bold")
    _calibration(console, payload)
    for remark in payload["remarks"]:
        console.print(data(remark))


def _shares(console: Console, moments: list[Payload]) -> None:
    numbers = ("#", "score", "ratio", "gave", "share")
    made = table("#", "score", "ratio", "channel", "by", "gave", "share", right=numbers)
    for moment in moments:
        head = (str(moment["rank"]), f"{moment['score']:.2f}", f"{moment['ratio']:.2f}")
        for part in moment["parts"]:
            what = (part["channel"], part["kind"], f"{part['worth']:+.2f}", f"{100 * part['share']:.0f} %")
            made.add_row(*head, *what)
            head = ("", "", "")
    console.print(made if moments else "Nothing is near the query.")


def _not_shown(console: Console, moments: list[Payload]) -> None:
    made = table("from", "to", "ratio", "video", "why", right=("from", "to", "ratio"))
    for moment in moments:
        into = f" (number {moment['rank']})" if moment["outcome"] == "merged" else ""
        name = moment["uri"].rsplit("/", 1)[-1] or moment["video_id"]
        times = (clock(moment["start"]), clock(moment["end"]))
        made.add_row(*times, f"{moment['ratio']:.2f}", data(name), data(moment["reason"] + into))
    console.print(made)


def _sources(console: Console, sources: list[Payload]) -> None:
    made = table("channel", "by", "model", "items", "videos", right=("items", "videos"))
    for source in sources:
        model = source["model"] + (", a former model" if source["former"] else "")
        made.add_row(data(source["channel"]), source["kind"], data(model), str(source["items"]), str(source["videos"]))
    console.print(made)
    encoders = dict.fromkeys(source["query_model"] for source in sources if source["query_model"])
    console.print(data(f"the query was encoded by {', '.join(encoders)}"))


def _gap(console: Console, group: Payload) -> None:
    videos = group["videos"]
    names = [video["uri"].rsplit("/", 1)[-1] or video["video_id"] for video in videos[:_NAMED]]
    more = f" and {len(videos) - _NAMED} more" if len(videos) > _NAMED else ""
    channel = _CHANNELS.get(group["channel"], group["channel"])
    where = "not searched" if channel == "all" else f"not searched on channel {channel}"
    console.print(data(f"{where}: {', '.join(names)}{more}: {_REASONS[group['reason']]}"))
    for video in videos[:_NAMED]:
        if video["detail"]:
            console.print(data(f"  {video['detail']}"))


def _calibration(console: Console, payload: Payload) -> None:
    made = payload["calibration"]
    console.print(
        "The ratio is the sum of what the channels gave; 1 is what the known concept nearest to the query would give. "
        f"score = 1 / (1 + exp(-{made['steepness']:g} (ratio - {made['match_ratio']:g}))); "
        f"{payload['threshold']:.2f} or more is a match."
    )
    seen: set[tuple[float, ...]] = set()
    for scale in made["scales"]:
        numbers = (scale["mean"], scale["deviation"], scale["best"])
        if numbers not in seen:
            seen.add(numbers)
            console.print(
                data(
                    f"the query's similarity to all known concepts: mean {scale['mean']:.3f}, standard deviation "
                    f"{scale['deviation']:.3f}; the nearest is {scale['best']:.1f} standard deviations above the mean"
                )
            )
