"""What a search for whole videos found, as a table for people."""

from __future__ import annotations

from rich.console import Console

from kinodex.cli.render.cells import data, table
from kinodex.schemas.base import Payload
from kinodex.text import several


def show(console: Console, found: Payload) -> None:
    """Videos, and what their absence means."""
    index = found["index"]
    if not index["videos_indexed"]:
        console.print("No video has a whole-video vector yet. To make them without decoding again: kinodex ingest PATH")
        return
    if found["verdict"] == "no_match":
        console.print(f"No match in {several(index['videos_indexed'], 'video')}. The nearest, none of them likely:")
    rows = table("#", "score", "likeness", "video", right=("#", "score", "likeness"))
    for video in found["videos"]:
        name = video["uri"].rsplit("/", 1)[-1] or video["video_id"]
        rows.add_row(str(video["rank"]), f"{video['score']:.2f}", f"{video['likeness']:.3f}", data(name))
    console.print(rows)
    if missing := index["videos_known"] - index["videos_indexed"]:
        console.print(
            f"Partly indexed: {missing} of {several(index['videos_known'], 'video')} without a whole-video vector."
        )
