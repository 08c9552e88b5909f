"""What batches of tagging print for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, table

Payload = Mapping[str, Any]

_SHOWN = 20  # failed videos that are listed; --json has all


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
