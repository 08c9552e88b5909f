"""The vocabulary and its changes as text."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data as _data
from kinodex.cli.render.cells import table as _table
from kinodex.text import several

Payload = dict[str, Any]


def imported(console: Console, payload: Payload) -> None:
    """What an import of tags did."""
    if payload["remarks"]:
        console.print(_data("; ".join(payload["remarks"])))
    counts = ", ".join(f"{payload[name]} {name}" for name in ("added", "updated", "unchanged"))
    would = "would be: " if payload["dry_run"] else ""
    console.print(f"{would}{counts}; {several(payload['total'], 'tag')} in the library")
    if payload["dry_run"]:
        for one in payload["changes"]:
            differs = f" ({', '.join(one['differs'])})" if one["differs"] else ""
            console.print(_data(f"  {one['what']} {one['tag_id']}: {one['name']}{differs}", "dim"))
        left = payload["added"] + payload["updated"] - len(payload["changes"])
        if left > 0:
            console.print(f"  and {left} more", style="dim")
    elif payload["undo"]:
        console.print(f"undo: kinodex tags undo {payload['undo']}", style="dim")
        if payload.get("decided"):
            decided(console, payload["decided"])
        else:
            console.print("to decide with what is new: kinodex tags decide --undecided", style="dim")


def decided(console: Console, payload: Payload) -> None:
    """What was decided about tags as soon as they changed."""
    for one in payload["tags"]:
        review = f", {one['abstained']} to review" if one["abstained"] else ""
        console.print(_data(f"{one['name']}: accepted for {several(one['accepted'], 'video')}{review}"))


def removed_tags(console: Console, payload: Payload) -> None:
    """What a removal of tags did."""
    counts = f"{payload['removed']} removed, with {several(payload['decisions'], 'decision')}"
    console.print(f"{counts}; {several(payload['total'], 'tag')} in the library")
    if payload["undo"]:
        console.print(f"undo: kinodex tags undo {payload['undo']}", style="dim")


def changed(console: Console, payload: Payload) -> None:
    """What a change of tags did."""
    table = _table("id", "name", "facet", "aliases", "parent", "status", whole=("id",))
    for tag in payload["tags"]:
        cells = (tag["tag_id"], tag["name"], tag["facet"], "; ".join(tag["aliases"]), tag["parent"], tag["status"])
        table.add_row(*map(_data, cells))
    if payload["tags"]:
        console.print(table)
    if payload["removed"]:
        console.print(_data(f"gone: {', '.join(payload['removed'])}"))
    if payload["decisions"]:
        console.print(f"with {several(payload['decisions'], 'decision')}")
    if payload["undo"]:
        console.print(f"undo: kinodex tags undo {payload['undo']}", style="dim")
        active = [tag["tag_id"] for tag in payload["tags"] if tag["status"] == "active"]
        if payload.get("decided"):
            decided(console, payload["decided"])
        elif active:
            console.print(_data(f"to decide with what is new: kinodex tags decide {' '.join(active[:5])}", "dim"))
    elif not payload["removed"] and not payload["tags"]:
        console.print("nothing changed")


def tag(console: Console, payload: Payload) -> None:
    """One tag."""
    console.print(_data(payload["name"], "bold"), _data(payload["tag_id"], "dim"))
    if payload["aliases"]:
        console.print(_data(f"also: {'; '.join(payload['aliases'])}"))
    for what in ("facet", "language"):
        if payload[what]:
            console.print(_data(f"{what}: {payload[what]}"))
    if payload["parents"]:
        console.print(_data("broader: " + " < ".join(one["name"] for one in payload["parents"])))
    console.print(_data(f"{payload['status']}; {several(payload['videos'], 'video')} have it"))


def history(console: Console, payload: Payload) -> None:
    """What happened to a tag, and to the decisions with it."""
    table = _table("when", "who", "what", "now", "undo", whole=("undo",))
    for one in payload["changes"]:
        now = one["after"]
        said = "" if now is None else f"{now['name']} ({'; '.join(now['aliases'])})" if now["aliases"] else now["name"]
        what = one["action"] + (f": {', '.join(one['differs'])}" if one["differs"] else "")
        table.add_row(_when(one["at"]), *map(_data, (one["by"], what, said, one["undo"] or "(undone)")))
    console.print(table if payload["changes"] else "The tag is as it was imported.")
    if payload["decisions"]:
        decided = _table("when", "who", "video", "before", "after")
        for one in payload["decisions"]:
            cells = (one["by"], one["video_id"], one["before"] or "-", one["after"] or "-")
            decided.add_row(_when(one["at"]), *map(_data, cells))
        console.print(decided)


def duplicates(console: Console, payload: Payload) -> None:
    """Tags that may be one."""
    table = _table("tag", "id", "and", "id", "why", whole=("id",))
    for one in payload["duplicates"]:
        why = f"both {one['shared']}" if one["why"] == "name" else f"mean nearly the same ({one['likeness']:.2f})"
        first, second = one["first"], one["second"]
        table.add_row(*map(_data, (first["name"], first["tag_id"], second["name"], second["tag_id"], why)))
    console.print(table if payload["duplicates"] else "No two tags look like one.")
    if payload["more"]:
        console.print("There are more: --limit", style="dim")
    if payload["duplicates"]:
        console.print("To make two one: kinodex tags merge TAG --into TAG", style="dim")


def proposals(console: Console, payload: Payload, searched: tuple[int, int] | None = None) -> None:
    """What no tag covers; ``searched``: how many videos were searched, of how many."""
    if searched is not None:
        console.print(f"searched {searched[0]} of {several(searched[1], 'video')}", style="dim")
    table = _table("id", "name", "videos", "from", "example", right=("videos",), whole=("id",))
    for one in payload["proposals"]:
        name = (
            f"{one['name']} (alias of {one['tag']['name']})" if one["kind"] == "alias" and one["tag"] else one["name"]
        )
        example = one["examples"][0]["text"] if one["examples"] else ""
        shown = example if len(example) <= 60 else f"{example[:59]}…"
        table.add_row(_data(one["proposal_id"]), _data(name), str(one["support"]), _data(one["source"]), _data(shown))
    nothing = "No proposals. To look for some: kinodex tags proposals refresh"
    console.print(table if payload["proposals"] else nothing)
    if payload["more"]:
        console.print("There are more: --limit", style="dim")


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
