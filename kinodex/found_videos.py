"""What a search for whole videos found: the JSON document, and the table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from kinodex.cli.render.cells import data, table
from kinodex.payloads import Payload

if TYPE_CHECKING:
    from agents.search.videos import FoundVideos


def payload(found: FoundVideos, uris: Mapping[str, str]) -> Payload:
    """``{query, verdict, head, index, videos: [{rank, video_id, uri, score, ratio, likeness}]}``.

    ``index`` is that of `kinodex.payloads.search`, of the videos that have vectors of the head.
    """
    index = found.index
    return {
        "query": found.query,
        "verdict": found.verdict,
        "head": found.head,
        "index": {
            "state": index.state,
            "videos_indexed": index.videos_indexed,
            "videos_known": index.videos_known,
        },
        "videos": [{**asdict(video), "uri": uris.get(video.video_id, "")} for video in found.videos],
    }


def show(console: Console, found: Payload) -> None:
    """Videos, and what their absence means."""
    index = found["index"]
    if not index["videos_indexed"]:
        console.print("No video has a vector for the whole yet. Make them, decoding nothing anew: kinodex ingest PATH")
        return
    if found["verdict"] == "no_match":
        console.print(f"No match in {index['videos_indexed']} videos. The nearest, none of them likely:")
    rows = table("#", "score", "likeness", "video", right=("#", "score", "likeness"))
    for video in found["videos"]:
        name = video["uri"].rsplit("/", 1)[-1] or video["video_id"]
        rows.add_row(str(video["rank"]), f"{video['score']:.2f}", f"{video['likeness']:.3f}", data(name))
    console.print(rows)
    if missing := index["videos_known"] - index["videos_indexed"]:
        console.print(f"Partly indexed: {missing} of {index['videos_known']} videos have no such vector yet.")
