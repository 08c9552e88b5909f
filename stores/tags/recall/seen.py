"""What was recognised in many videos, only as much of it as tagging needs: one query instead of one a video."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select

from stores.core.records import Channel, Evidence, Span
from stores.sql.among import among, among_listed, listed, of_videos, shown
from stores.sql.database import reading
from stores.sql.tables import EVIDENCE, ClipRow, FactRow, LabelRow, SoundEventRow, SpeakerTurnRow, TrackletRow, VideoRow


class SeenLabel(NamedTuple):
    """As `stores.core.records.Label`."""

    evidence_id: str
    clip_id: str
    concept: str
    score: float


class SeenTracklet(NamedTuple):
    """As `stores.core.records.Tracklet`; ``start`` and ``end`` in ticks of its video; ``area``: of its first box, as a
    fraction of the picture."""

    evidence_id: str
    concept: str
    confidence: float
    start: int
    end: int
    area: float = 0.0


class SeenTurn(NamedTuple):
    """As `stores.core.records.SpeakerTurn`; ``start`` and ``end`` in ticks of its video."""

    evidence_id: str
    speaker: int
    start: int
    end: int


Boxes = Sequence[tuple[int, float, float, float, float]]
"""As `stores.core.records.Tracklet.trajectory`."""


@dataclass(frozen=True, slots=True)
class SeenThings:
    """What was recognised in one video."""

    labels: tuple[SeenLabel, ...] = ()
    tracklets: tuple[SeenTracklet, ...] = ()


_Ids = Sequence[str]


def things_of(engine: Engine, video_ids: _Ids) -> dict[str, SeenThings]:
    """What was recognised in each of some videos, in the order of its records; all of them are there."""
    labels: defaultdict[str, list[SeenLabel]] = defaultdict(list)
    tracklets: defaultdict[str, list[SeenTracklet]] = defaultdict(list)
    some_labels, some_tracklets = _things(engine.dialect.name)
    chosen = {"chosen_ids": listed(video_ids)}
    with reading(engine) as connection:
        for video_id, _, *values in connection.execute(some_labels, chosen):
            labels[video_id].append(SeenLabel(*values))
        for video_id, _, one, concept, sure, start, end, first in connection.execute(some_tracklets, chosen):
            tracklets[video_id].append(SeenTracklet(one, concept, sure, start, end, _area(first)))
    return {one: SeenThings(tuple(labels[one]), tuple(tracklets[one])) for one in video_ids}


@cache
def _things(dialect: str) -> tuple[Any, Any]:
    label, tracklet = LabelRow, TrackletRow
    times = tracklet.start_tick, tracklet.end_tick
    columns = (tracklet.evidence_id, tracklet.concept, tracklet.confidence, *times, tracklet.trajectory[0])
    of_labels = (label.evidence_id, label.clip_id, label.concept, label.score)
    return of_videos(dialect, label, of_labels), of_videos(dialect, tracklet, columns)


def _area(first: Sequence[float] | None) -> float:
    """Of a box: tick, x0, y0, x1, y1."""
    return (first[3] - first[1]) * (first[4] - first[2]) if first else 0.0


def turns_of(engine: Engine, video_ids: _Ids) -> dict[str, tuple[SeenTurn, ...]]:
    """Whose voice speaks when in each of some videos, in order of time; all of them are there."""
    turns: defaultdict[str, list[SeenTurn]] = defaultdict(list)
    with reading(engine) as connection:
        for video_id, _, *values in connection.execute(_turns(engine.dialect.name), {"chosen_ids": listed(video_ids)}):
            turns[video_id].append(SeenTurn(*values))
    return {one: tuple(sorted(turns[one], key=lambda turn: (turn.start, turn.end))) for one in video_ids}


@cache
def _turns(dialect: str) -> Any:
    row = SpeakerTurnRow
    return of_videos(dialect, row, (row.evidence_id, row.speaker, row.start_tick, row.end_tick))


def boxes_of(engine: Engine, video_id: str, concepts: Iterable[str]) -> dict[str, Boxes]:
    """Where things of some concepts are in the picture, by the evidence of their tracks."""
    chosen = {"chosen_ids": listed([video_id]), "concepts": listed(sorted(concepts))}
    with reading(engine) as connection:
        rows = connection.execute(_boxes(engine.dialect.name), chosen)
        return {evidence_id: boxes for _, _, evidence_id, boxes in rows}


@cache
def _boxes(dialect: str) -> Any:
    row = TrackletRow
    rows = of_videos(dialect, row, (row.evidence_id, row.trajectory))
    return rows.where(among_listed(dialect, row.concept, "concepts"))


def lines_of(engine: Engine, video_ids: _Ids, channels: Iterable[Channel]) -> dict[str, list[Evidence]]:
    """The evidence on some channels of each of some videos, in order of time; all of them are there."""
    found: dict[str, list[Evidence]] = {one: [] for one in video_ids}
    chosen = _lines(engine.dialect.name, tuple(channels))
    with reading(engine) as connection:
        for row in connection.execute(chosen, {"chosen_ids": listed(video_ids)}):
            found[row.video_id].append(_line(row))
    for lines in found.values():
        lines.sort(key=lambda line: (line.span.start, line.span.end, line.channel, line.evidence_id))
    return found


@cache
def _lines(dialect: str, channels: tuple[Channel, ...]) -> Any:
    wanted = EVIDENCE.c.channel.in_(channels) & among_listed(dialect, EVIDENCE.c.video_id)
    base = (VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    return select(EVIDENCE, *base).join(VideoRow, VideoRow.video_id == EVIDENCE.c.video_id).where(wanted)


def clips_of(engine: Engine, video_ids: _Ids) -> dict[str, tuple[int, int]]:
    """How many clips each of some videos has, and where the last one ends, in ticks; one without any is absent."""
    with reading(engine) as connection:
        rows = connection.execute(_clips(engine.dialect.name), {"chosen_ids": listed(video_ids)})
        return {video_id: (int(count), int(end)) for video_id, count, end in rows}


@cache
def _clips(dialect: str) -> Any:
    rows: Any = shown(select(ClipRow.video_id, func.count(), func.max(ClipRow.end_tick)), ClipRow)
    return rows.where(among_listed(dialect, ClipRow.video_id)).group_by(ClipRow.video_id)


def best_shown(engine: Engine, concepts: Sequence[str], limit: int) -> list[tuple[str, str, float]]:
    """Where some concepts were recognised most surely, in clips or as objects: video, concept, and how surely.

    The best of each video and concept, at most ``limit`` of each concept.
    """
    best: dict[tuple[str, str], float] = {}
    with reading(engine) as connection:
        for table, worth in ((LabelRow, LabelRow.score), (TrackletRow, TrackletRow.confidence)):
            for concept in concepts:
                rows: Any = shown(select(table.video_id, worth), table).where(table.concept == concept)
                for video_id, value in connection.execute(rows.order_by(worth.desc()).limit(limit)):
                    best[video_id, concept] = max(value, best.get((video_id, concept), 0.0))
    return [(video_id, concept, value) for (video_id, concept), value in best.items()]


def any_shown(engine: Engine, concepts: Sequence[str], limit: int) -> list[tuple[str, float]]:
    """Videos in which any of some concepts was recognised, and how surely; the ``limit`` surest of each kind."""
    if not concepts:
        return []
    best: dict[str, float] = {}
    with reading(engine) as connection:
        for table, worth in ((LabelRow, LabelRow.score), (TrackletRow, TrackletRow.confidence)):
            top = func.max(worth)
            rows: Any = shown(select(table.video_id, top), table).where(among(engine, table.concept, concepts))
            for video_id, value in connection.execute(rows.group_by(table.video_id).order_by(top.desc()).limit(limit)):
                best[video_id] = max(value, best.get(video_id, 0.0))
    return list(best.items())


def videos_heard(engine: Engine, sound: str, limit: int) -> list[tuple[str, float]]:
    """Videos with a sound, and how surely it is heard, those that have most of it first; at most ``limit``."""
    return _most_of(engine, SoundEventRow, SoundEventRow.name == sound, limit)


def videos_styled(engine: Engine, text: str, limit: int) -> list[tuple[str, float]]:
    """Videos with a property that holds for stretches, and how surely, those that have most of it first; at most
    ``limit``."""
    return _most_of(engine, FactRow, FactRow.text == text, limit)


def _most_of(engine: Engine, row: Any, wanted: Any, limit: int) -> list[tuple[str, float]]:
    filled = func.sum((row.end_tick - row.start_tick) * row.confidence)
    chosen: Any = shown(select(row.video_id, func.max(row.confidence)), row).where(wanted)
    with reading(engine) as connection:
        rows = connection.execute(chosen.group_by(row.video_id).order_by(filled.desc(), row.video_id).limit(limit))
        return [(video_id, float(sure)) for video_id, sure in rows]


def _line(row: Any) -> Evidence:
    span = Span(row.start_tick, row.end_tick, _base(row.time_base_numerator, row.time_base_denominator))
    return Evidence(row.evidence_id, row.video_id, span, row.channel, row.text, row.search_text, row.confidence)


_base = lru_cache(maxsize=1024)(Fraction)
