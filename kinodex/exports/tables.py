"""Tables: rows of plain values about videos; `kinodex.exports.table_files` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kinodex.exports.material import VideoMaterial
from kinodex.exports.wording import one_line

Value = str | int | float | bool | list[Any] | None
Row = dict[str, Value]
ColumnType = Literal["text", "number", "whole", "flag", "boxes"]


@dataclass(frozen=True, slots=True)
class TableKind:
    """A table that can be exported: its columns, and the rows of one video."""

    columns: Mapping[str, ColumnType]
    rows: Callable[[VideoMaterial], Iterable[Row]]


def _videos(one: VideoMaterial) -> Iterable[Row]:
    video = one.video
    yield {
        "video_id": one.video_id,
        "name": one.name,
        "place": one.place,
        "status": one.status,
        "sha256": one.sha256,
        "size": video.size if video else None,
        "seconds": video.seconds if video else None,
        "width": video.width if video else None,
        "height": video.height if video else None,
        "frame_rate": float(video.frame_rate) if video and video.frame_rate else None,
        "video_codec": video.video_codec if video else None,
        "audio_codec": video.audio_codec if video else None,
        "container": video.container if video else None,
        "tags": "; ".join(tag.name or tag.tag_id for tag in one.accepted),
        "summary": one_line(one.summary),
    }


def _lines(one: VideoMaterial) -> Iterable[Row]:
    for line in one.lines:
        start, end = line.span.seconds
        yield {
            "video_id": one.video_id,
            "name": one.name,
            "evidence_id": line.evidence_id,
            "kind": line.kind,
            "start": start,
            "end": end,
            "text": one_line(line.text),
            "language": line.language,
            "confidence": line.confidence,
            "corrected": line.corrected,
        }


def _tracklets(one: VideoMaterial) -> Iterable[Row]:
    for found in one.tracklets:
        start, end = found.span.seconds
        yield {
            "video_id": one.video_id,
            "name": one.name,
            "evidence_id": found.evidence_id,
            "start": start,
            "end": end,
            "object": found.name,
            "object_zh": found.name_zh,
            "motion": found.motion,
            "confidence": found.confidence,
            "boxes": [
                [round(number, 6) for number in (float(tick * found.span.time_base), x0, y0, x1 - x0, y1 - y0)]
                for tick, x0, y0, x1, y1 in found.boxes
            ],
        }


def _tags(one: VideoMaterial) -> Iterable[Row]:
    for decided in one.decisions:
        yield {
            "video_id": one.video_id,
            "name": one.name,
            "tag_id": decided.tag_id,
            "tag": decided.name,
            "decision": decided.decision,
            "by": decided.by,
            "confidence": decided.confidence,
            "evidence_ids": ";".join(line.evidence_id for line in decided.evidence),
        }


def _moments(one: VideoMaterial) -> Iterable[Row]:
    for moment in one.moments:
        start, end = moment.span.seconds
        yield {
            "query": one_line(moment.query),
            "rank": moment.rank,
            "video_id": one.video_id,
            "name": one.name,
            "start": start,
            "end": end,
            "score": moment.score,
            "text": one_line(moment.text),
        }


def _columns(texts: str, **types: ColumnType) -> Mapping[str, ColumnType]:
    """Columns of texts, then others."""
    return {**dict.fromkeys(texts.split(), "text"), **types}


TABLES: Mapping[str, TableKind] = {
    "videos": TableKind(
        _columns(
            "video_id name place status sha256",
            size="whole",
            seconds="number",
            width="whole",
            height="whole",
            frame_rate="number",
            video_codec="text",
            audio_codec="text",
            container="text",
            tags="text",
            summary="text",
        ),
        _videos,
    ),
    "lines": TableKind(
        _columns(
            "video_id name evidence_id kind",
            start="number",
            end="number",
            text="text",
            language="text",
            confidence="number",
            corrected="flag",
        ),
        _lines,
    ),
    "tracklets": TableKind(
        _columns(
            "video_id name evidence_id",
            start="number",
            end="number",
            object="text",
            object_zh="text",
            motion="text",
            confidence="number",
            boxes="boxes",
        ),
        _tracklets,
    ),
    "tags": TableKind(
        _columns(
            "video_id name tag_id tag decision by",
            confidence="number",
            evidence_ids="text",
        ),
        _tags,
    ),
    "moments": TableKind(
        _columns(
            "query",
            rank="whole",
            video_id="text",
            name="text",
            start="number",
            end="number",
            score="number",
            text="text",
        ),
        _moments,
    ),
}
