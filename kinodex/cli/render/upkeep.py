"""Upkeep as lines and tables for people: what was checked, rebuilt or removed."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, status, table
from kinodex.cli.render.results import ingest
from kinodex.text import clock, several, size

Payload = dict[str, Any]
_SHOWN = 20
"""How many orphans are listed; there may be thousands, all alike. The rest are counted."""


def rebuilt(console: Console, payload: Payload) -> None:
    """What the indexes contain now."""
    console.print(
        f"rebuilt: {several(payload['vectors'], 'vector')} in {several(payload['collections'], 'collection')}, "
        f"{several(payload['lines'], 'line')} of text"
    )


def swept(console: Console, payload: Payload) -> None:
    """What was, or would be, removed."""
    counts = {
        "blobs": payload["blobs"],
        "vectors": payload["vectors"],
        "staged outputs": payload["staged"],
        "parts": payload["parts"],
    }
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not found and not payload["bytes"]:
        console.print("Nothing to remove.")
        return
    done = "would be removed" if payload["dry_run"] else "removed"
    console.print(f"{found or 'an old index'} {done}, {size(payload['bytes'])}")


def reembed_plan(console: Console, payload: Payload) -> None:
    """Which vectors are of former models, and what it takes to replace them."""
    videos, cost = payload["videos"], payload["cost"]
    if videos:
        console.print(
            f"{videos} of {payload['indexed']} indexed videos have vectors of other models or settings than those of "
            f"profile {payload['profile']}"
        )
        stages = ", ".join(stage["stage"] for stage in payload["stages"])
        console.print(data(f"to be redone: {stages}"))
        console.print(f"that takes about {clock(cost['wall_seconds'])} with {several(cost['workers'], 'worker')}")
    if payload["captions"]:
        console.print(f"{payload['captions']} videos have captions whose vectors are of another model")
    for video in payload["gone"]:
        console.print(
            data(
                f"file not found, so its former vectors stay in use: {video['uri'] or video['video_id']}",
                "yellow",
            )
        )
    if not videos and not payload["captions"] and not payload["gone"]:
        console.print(
            f"All {payload['indexed']} indexed videos have vectors of the models of profile {payload['profile']}."
        )


def reembedded(console: Console, payload: Payload) -> None:
    """What was replaced."""
    done = payload["done"]
    if done["ingest"] is not None:
        ingest(console, done["ingest"])
    if done["captions"]:
        console.print(f"the captions of {done['captions']} videos have new vectors")
    if done["ingest"] is None and not done["captions"]:
        console.print("Nothing to do.")
    if done["removed"]["vectors"] or done["removed"]["blobs"] or done["removed"]["bytes"]:
        swept(console, {"dry_run": False, **done["removed"]})


def to_forget(console: Console, payload: Payload) -> None:
    """What is about to be forgotten."""
    for video in payload["videos"]:
        console.print(data(video["video_id"], "dim"), data(video["uri"]))
    for uri in payload["inputs"]:
        console.print(data(uri))


def forgotten(console: Console, payload: Payload) -> None:
    """What was forgotten."""
    if not payload["videos"] and not payload["inputs"]:
        console.print("Nothing to forget.")
        return
    to_forget(console, payload)
    removed = payload["removed"]
    console.print(
        f"forgotten: {several(removed['videos'], 'video')} with {several(removed['blobs'], 'blob')} and "
        f"{several(removed['vectors'], 'vector')}"
        + (f", {several(len(payload['inputs']), 'input')} that could not be read" if payload["inputs"] else "")
    )


def verified(console: Console, payload: Payload) -> None:
    """How many of each kind were checked, and every problem with what to do."""
    kinds: dict[str, list[Payload]] = {}
    for problem in payload["problems"]:
        kinds.setdefault(problem["kind"], []).append(problem)
    made = table("", "checked", "how many", right=("how many",))
    for kind, count in payload["checked"].items():
        made.add_row(status("fail" if kinds.get(_kind(kind)) else "ok"), data(kind), str(count))
    console.print(made)
    orphans = kinds.pop("orphan", [])
    harmful = [problem for problems in kinds.values() for problem in problems]
    if harmful or orphans:
        console.print(_problems(harmful + orphans[:_SHOWN]))
    if len(orphans) > _SHOWN:
        console.print(f"and {len(orphans) - _SHOWN} more that nothing refers to")
    for one in payload["mended"]:
        console.print(data(f"the next ingest will redo: {one['stage']} of {one['video_id']}"))
    if payload["ok"]:
        console.print("All is well." + (" Orphans are harmless; kinodex gc removes them." if orphans else ""))


def _kind(checked: str) -> str:
    """The kind of problem that a kind of checked thing can have."""
    return {"rows": "record", "access": "access"}.get(checked, checked.removesuffix("s"))


def _problems(problems: list[Payload]) -> Any:
    made = table("problem", "where", "what is wrong", "what to do")
    for problem in problems:
        colour = "yellow" if problem["kind"] == "orphan" else "red"
        made.add_row(
            data(problem["code"], colour), data(problem["where"]), data(problem["message"]), data(problem["hint"])
        )
    return made
