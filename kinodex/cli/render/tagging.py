"""What batches of tagging print for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, table

Payload = Mapping[str, Any]

_SHOWN = 20  # failed videos that are listed; --json has all
_CANDIDATES = 30  # tags that are explained; --json has all


def batch(console: Console, payload: Payload) -> None:
    """How many videos ended how, and the receipts of those that failed."""
    totals = payload["totals"]
    console.print(
        f"{totals['inputs']} videos: {totals['done']} tagged ({totals['reused']} of them were up to date), "
        f"{totals['failed']} failed, {totals['wall_seconds']:.1f} s"
    )
    failed = [one for one in payload["videos"] if one["status"] == "failed"]
    if failed:
        rows = table("failed", "code", "seconds", "why", right=("seconds",))
        for one in failed[:_SHOWN]:
            name = one["uri"].rsplit("/", 1)[-1] or one["video_id"]
            rows.add_row(data(name), one["error_code"], f"{one['seconds']:.2f}", data(one["message"]))
        console.print(rows)
        if len(failed) > _SHOWN:
            console.print(f"and {len(failed) - _SHOWN} more (--json lists all)")
        console.print("They keep their former tags; run the same command again to try them again.")
    if payload["output"] is not None:
        console.print(data(f"{payload['rows']} decisions are in {payload['output']}"))


def plan(console: Console, payload: Payload) -> None:
    """How many videos a batch would decide about, and how long that would take."""
    how = "as measured here" if payload["measured"] else "a guess"
    console.print(
        f"{payload['videos']} of {payload['inputs']} videos to tag, {payload['work_seconds']:.0f} s of work ({how})"
    )
    if payload["waiting"]:
        console.print(f"{payload['waiting']} were decided before an interruption and need only be put in place")


def explained(console: Console, payload: Payload) -> None:
    """What each source brought, and the likeliest candidates with what they are worth."""
    rows = table("source", "recalled", "accepted", "surest of", right=("recalled", "accepted", "surest of"))
    for one in payload["sources"]:
        rows.add_row(one["source"], str(one["recalled"]), str(one["accepted"]), str(one["strongest"]))
    console.print(rows)
    candidates = table("tag", "confidence", "outcome", "by", right=("confidence",))
    for one in payload["candidates"][:_CANDIDATES]:
        by = ", ".join(f"{word['source']} {word['worth']:.2f}" for word in one["sources"])
        outcome = f"{one['outcome']}: {one['why']}" if one["why"] else one["outcome"]
        candidates.add_row(data(one["name"] or one["tag_id"]), f"{one['confidence']:.2f}", outcome, by)
    console.print(candidates)
    more = len(payload["candidates"]) - _CANDIDATES
    if more > 0:
        console.print(f"and {more} less likely ones (--json lists all)")


def products(console: Console, payload: Payload) -> None:
    """What an import of products did."""
    console.print(
        f"{payload['products']} products, attached to videos {payload['attached']} times; "
        f"{payload['total']} in the library now"
    )
    _unknown(console, payload["unknown"])


def searches_imported(console: Console, payload: Payload) -> None:
    """What an import of searches did."""
    console.print(f"{payload['clicks']} clicks were added")
    _unknown(console, payload["unknown"])


def searches(console: Console, payload: Payload) -> None:
    """How many searches are kept."""
    console.print(f"{payload['imported']} clicks imported, {payload['logged']} noted by this library")
    console.print("New ones are noted." if payload["logging"] else "New ones are not noted.")


def forgotten(console: Console, payload: Payload, what: str) -> None:
    """How many were removed."""
    console.print(f"{payload['removed']} {what} removed")


def _unknown(console: Console, names: list[str]) -> None:
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        console.print(data(f"Not in the library: {shown}"))
