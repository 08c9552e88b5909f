"""What describing did or would do, as tables for people. Everything from a video or a name is data."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, status, table
from kinodex.text import clock, several

Payload = dict[str, Any]

_STATES = {
    "described": "nothing, it is described",
    "failed": "nothing, it failed for good (see kinodex errors; --retry tries again)",
    "outdated": "describe it again",
    "not_described": "describe it",
}


def describe(console: Console, payload: Payload) -> None:
    """Each video with what it has now, what was not done, and the totals."""
    for video in payload["videos"]:
        if video["status"] not in ("done", "postponed"):
            error = video["error"] or {"code": "", "message": ""}
            console.print(status(video["status"]), data(video["uri"]), data(f"{error['code']}: {error['message']}"))
        elif video["status"] == "done":
            found = several(video["captions"], "caption") if video["captions"] else "nothing found"
            if video["failed_clips"]:
                found += f", {several(video['failed_clips'], 'clip')} could not be described (the log says why)"
            console.print(data(video["uri"]), f"{found}{' (known already)' if video['reused'] else ''}")
            if video["script"] and not video["reused"]:
                console.print(data(f"  {video['script']}", "dim"))
    totals, endpoint = payload["totals"], payload["endpoint"]
    names = ("done", "failed", "quarantined", "postponed")
    counts = ", ".join(f"{totals[name]} {name}" for name in names if totals[name])
    console.print(
        f"{several(totals['inputs'], 'video')}: {counts or 'nothing to do'} ({totals['reused']} known already)"
    )
    if endpoint["calls"]:
        price = f", {endpoint['money']:.2f} USD" if endpoint["money"] else ""
        console.print(f"endpoint: {endpoint['calls']} calls, {endpoint['tokens']} tokens{price}")
    if payload["stopped"]:
        console.print(data(f"stopped: {payload['stopped']}", "yellow"))
        console.print(f"{totals['postponed']} videos are left for another run; run the same command to go on")


def audio_descriptions(console: Console, payload: Payload) -> None:
    """Each file that was written, and why one was not."""
    for video in payload["audio_descriptions"]:
        if video["error"]:
            console.print(status("failed"), data(video["uri"]), data(video["error"]["message"]))
        else:
            said = f"{several(video['descriptions'], 'description')}, {round(video['seconds'])} s"
            console.print(data(video["path"]), f"{said} (of {several(video['captions'], 'caption')})")


def plan(console: Console, payload: Payload) -> None:
    """What describing would do, and what it would cost."""
    numbers = ("clips", "calls", "tokens")
    rows = table("video", "length", "would do", *numbers, right=("length", *numbers))
    for video in payload["videos"]:
        costs = [str(video[name]) if video["pending"] else "" for name in numbers]
        what = _STATES[video["state"]]
        if video["pending"] and "captions" not in video["pending"]:
            what = ", ".join(video["pending"])
        rows.add_row(data(video["uri"]), clock(video["media_seconds"]), what, *costs)
    console.print(rows)
    totals = payload["totals"]
    if not totals["pending"]:
        console.print("Nothing to do.")
        return
    console.print(
        f"{totals['pending']} of {totals['videos']} videos to describe, {clock(totals['media_seconds'])} of video, "
        f"{totals['clips']} clips"
    )
    price = f", about {totals['money']:.2f} USD" if totals["priced"] else ", no price is set"
    if totals["calls"]:
        console.print(f"endpoint: {totals['calls']} calls, about {totals['tokens']} tokens{price}")
    if payload["over_budget"]:
        console.print(data(f"over the budget: {payload['over_budget']}", "yellow"))


def counts(console: Console, payload: Payload) -> None:
    """How many videos are described; "not described" is not the same as "nothing found"."""
    if not payload["described"] and not payload["nothing_found"] and not payload["failed"]:
        if payload["not_described"]:
            console.print("descriptions: none yet (to make them: kinodex describe --all)")
        return
    parts = [f"{payload['described']} videos described ({payload['captions']} captions, {payload['scripts']} scripts)"]
    parts += [f"{payload['nothing_found']} in which nothing could be described"] if payload["nothing_found"] else []
    parts += [f"{payload['not_described']} not described"] if payload["not_described"] else []
    parts += [f"{payload['failed']} of them failed"] if payload["failed"] else []
    console.print("descriptions: " + ", ".join(parts))
