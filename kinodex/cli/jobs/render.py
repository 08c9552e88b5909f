"""Jobs as tables for people."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, status, table

Payload = dict[str, Any]

_SHOWN = 400  # characters of what was ordered


def jobs(console: Console, payload: Payload) -> None:
    """Some jobs, a line each."""
    if not payload["jobs"]:
        console.print("No jobs.")
        return
    made = table("job", "kind", "state", "done", "ordered", "now", right=("done",), whole=("job",))
    for one in payload["jobs"]:
        fault = f"{one['error']['code']}: {one['error']['message']}" if one["error"] else one["note"]
        at = datetime.fromtimestamp(one["created_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
        share = f"{one['share']:.0%}"
        made.add_row(data(one["job_id"]), data(one["kind"]), status(one["state"]), share, at, data(fault))
    console.print(made)


def job(console: Console, payload: Payload) -> None:
    """One job: what was ordered, and what became of it."""
    jobs(console, {"jobs": [payload]})
    ordered = json.dumps(payload["arguments"], ensure_ascii=False)
    console.print(data(f"ordered: {ordered if len(ordered) <= _SHOWN else f'{ordered[:_SHOWN]}…'}"))
    counts = ", ".join(f"{name} {count}" for name, count in payload["totals"].items() if isinstance(count, int))
    if counts:
        console.print(data(f"counted: {counts}"))
    if payload["error"] and payload["error"]["hint"]:
        console.print(data(payload["error"]["hint"]))
    for one in (payload["report"] or {}).get("videos") or ():
        if one.get("error"):
            console.print(data(f"{one['uri']}: {one['error']['code']}: {one['error']['message']}"))
