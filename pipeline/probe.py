"""Probe: the header of a file, as a `Video`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from pipeline.decode.decoder import Decoder
from pipeline.decode.header import Header
from stores.core.records import StageOutput, Video


def probe(path: Path, video_id: str, sha256: str, decoder: Decoder) -> StageOutput:
    """The `Video` of a file: its header, after one frame was decoded as a check.

    Raises:
        MediaError: whatever is wrong with the file, see `pipeline.decode.decoder.Decoder`.
    """
    header = decoder.probe(path)
    facts = {field.name: getattr(header, field.name) for field in fields(Header)}
    return StageOutput(video=Video(video_id=video_id, sha256=sha256, size=path.stat().st_size, **facts))
