"""Failures as tables for people: what happened, what is to blame, and how to reproduce it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from kinodex.cli.render import results as render
from kinodex.cli.render.cells import data, status, table
from kinodex.text import several

Payload = dict[str, Any]


def errors(console: Console, payload: Payload) -> None:
    """Every failure with its cause and whether a retry may help; then how to reproduce each."""
    listed = payload["errors"]
    if listed:
        _table_of(console, listed)
        _replays(console, listed)
    else:
        console.print("No failures.")
    if payload["gone"]:
        more = f"{several(payload['gone'], 'more failure')} of files that no longer exist"
        console.print(f"{more} (to remove them: kinodex forget --missing)", style="dim")


def quarantined(console: Console, payload: Payload) -> None:
    """The stages that used up their attempts."""
    if not payload["quarantined"]:
        console.print("Nothing is quarantined.")
        return
    _table_of(console, payload["quarantined"])
    _replays(console, payload["quarantined"])
    console.print("to have them retried: kinodex quarantine release VIDEO… | --all")


def again(console: Console, payload: Payload) -> None:
    """What is retried, and by which command."""
    stages = payload["stages"]
    if not stages:
        console.print("Nothing that failed matches, so there is nothing to retry.")
        return
    made = table("stage", "code", "attempts", "video", right=("attempts",))
    for one in stages:
        made.add_row(data(one["stage"]), data(one["code"], "red"), str(one["attempts"]), data(one["uri"]))
    console.print(made)
    count = f"{several(len(stages), 'stage')} of {several(payload['videos'], 'video')}"
    if payload["dry_run"]:
        console.print(f"{count} would be retried; nothing was changed")
    elif payload.get("ingest") is None:
        console.print(f"{count} will be retried by the next kinodex ingest PATH")
    if payload["gone"]:
        console.print(f"{len(payload['gone'])} of these videos are no longer where they were", style="yellow")
    if payload.get("ingest") is not None:
        render.ingest(console, payload["ingest"])


def replay(console: Console, payload: Payload) -> None:
    """How the stage ended this time."""
    console.print(
        data(payload["stage"], "bold"), data(f"of {payload['uri']} took {payload['seconds']:.1f} s:"), end=" "
    )
    if payload["failed"]:
        console.print(status("failed"), data(f"{payload['error_code']}: {payload['error_message']}"))
        for line in payload["trace"].splitlines():
            console.print(data(line), soft_wrap=True)
        return
    console.print(status("ok"))
    found = [f"{count} {name}" for name, count in payload["records"].items()]
    found += [f"{payload['vectors']} vectors"] * bool(payload["vectors"])
    found += [f"{name} ({size} bytes)" for name, size in payload["blobs"].items()]
    console.print(data("found: " + (", ".join(found) or "nothing")))
    if payload["same"] is not None:
        console.print("same as what is stored" if payload["same"] else "different from what is stored")
    elif payload["recorded"]:
        console.print("the stage itself works; nothing is stored with these settings, but recorded is:", style="yellow")
        console.print(data(payload["recorded"]))


def _table_of(console: Console, listed: list[Payload]) -> None:
    made = table("code", "blame", "retry", "attempts", "stage", "input", "what happened", right=("attempts",))
    for one in listed:
        retrying = "may help" if one["retryable"] else "will not help"
        made.add_row(
            data(one["code"], "red"),
            one["blame"],
            "quarantined" if one["status"] == "quarantined" else retrying,
            str(one["attempts"] or ""),
            data(one["stage"]),
            data(one["uri"] or one["video_id"]),
            data(one["message"]),
        )
    console.print(made)


def _replays(console: Console, listed: list[Payload]) -> None:
    """One line each, never folded: they are meant to be copied."""
    console.print("to run a failed stage again without changing anything:")
    for one in listed:
        console.print(data(f"  {one['replay']}"), soft_wrap=True)
