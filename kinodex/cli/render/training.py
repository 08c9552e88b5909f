"""What `kinodex tags train` did, for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

_NAMES = {
    "prior": "what the sources say, fused",
    "calibrated": "the same, calibrated by source, facet and tag",
    "neighbours": "and by videos that look alike, and tags that go together",
    "logistic": "and by weights for each tag",
    "attention": "and by a network over pictures and names",
    "fusion": "and by one that reads what was recalled, of all facets together, too",
}

Payload = dict[str, Any]


def training(console: Console, payload: Payload) -> None:
    """A table of what was tried, and what it means."""
    said = f"{payload['judgements']} judgements about {payload['videos']} videos ({payload['accepted']} accepted"
    console.print(said + (f"; {payload['unsure']} unsure, not counted)." if payload["unsure"] else ")."))
    if not payload["changed"]:
        console.print("Nothing changed since the last time, when this came of it:")
    table = Table("ranker", "what it does", "outcome", "gain (95 % interval)", "F1 before", "F1 after")
    for tried in payload["tried"]:
        one = tried["comparison"]
        numbers = ("", "", "")
        if one is not None:
            gain = f"{one['gain']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
            numbers = (gain, f"{one['before']:.2f}", f"{one['after']:.2f}")
        table.add_row(tried["rung"], _NAMES.get(tried["rung"], ""), _outcome(tried, payload), *numbers)
    console.print(table)
    if (read := _recalled(payload)) is not None:
        console.print(read)
    console.print(f"Tags are decided by: {payload['rung']} ({_NAMES.get(payload['rung'], '')}).")
    console.print(_threshold(payload["threshold"]))


def _recalled(payload: Payload) -> str | None:
    """What networks could read beside pictures; None where none was tried."""
    if not any(one["rung"] == "attention" for one in payload["tried"]):
        return None
    read = payload["recalled"]
    if read is None:
        return (
            "What was recalled for these videos is not recorded, so no network could read it: run `kinodex tag --all`."
        )
    facets = ", ".join(facet or "(none)" for facet in read["facets"])
    of = f"{read['videos']} of {payload['videos']} videos"
    return f"What was recalled is recorded for {of}: {read['tags']} tags of the facets {facets}."


def _outcome(tried: Payload, payload: Payload) -> str:
    if tried["outcome"] == "too few judgements":
        return f"needs {tried['least']} judgements, {tried['least'] - payload['judgements']} more"
    if tried["outcome"] == "too few videos":
        return "needs judgements about more videos (5 that differ)"
    if tried["outcome"] == "one-sided":
        return "needs both accepted and rejected tags"
    return str(tried["outcome"])


def _threshold(threshold: Payload) -> str:
    value, wanted = threshold["value"], threshold["wanted"]
    if wanted is None:
        return f"Accepted from {value:.2f} on; no precision was asked for (precision under [tagging])."
    if threshold["promised"]:
        tested = f"{threshold['right']} of {threshold['videos']} videos' tags above it were right"
        return f"Accepted from {value:.2f} on: at least {wanted:.0%} are right ({tested})."
    if threshold["missing"]:
        more = f"judgements about {threshold['missing']} more videos are missing"
        return f"Accepted from {value:.2f} on; a precision of {wanted:.0%} cannot be promised yet: {more}."
    return f"Accepted from {value:.2f} on; no threshold keeps a precision of {wanted:.0%} on what was judged."
