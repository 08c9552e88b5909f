"""How much there is to search, by vector space, channel and video; only what readers see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.rows import FIRST_PLACE
from stores.sql.standing import INDEXED_STAGE
from stores.sql.tables import EVIDENCE, InputErrorRow, LocationRow, StageRunRow, VectorRow, VideoRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True, order=True)
class LineSource:
    """Which stage, with which fingerprint, the lines of a channel come from."""

    channel: str
    stage: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Holding:
    """How many vectors or lines there are, of how many videos; ``example``: one of these."""

    items: int
    videos: int
    example: str


@dataclass(frozen=True, slots=True)
class Lack:
    """A video without something. ``lacks``: the groups of collections in which it has no vector; none are named of a
    video that is not ``indexed``."""

    video_id: str
    indexed: bool
    lacks: tuple[str, ...]


def collection_names(store: LibraryStore) -> set[str]:
    """The collections that have vectors. The cost does not grow with the number of vectors."""
    names: list[str] = []
    with reading(store.engine) as connection:
        while True:
            after = VectorRow.collection > (names[-1] if names else "")
            name = connection.execute(select(func.min(VectorRow.collection)).where(after)).scalar()
            if name is None:
                return set(names)
            names.append(str(name))


def _of_runs(*columns: Any) -> Select[Any]:
    """Columns of the vectors that readers may see."""
    same = (StageRunRow.video_id == VectorRow.video_id) & (StageRunRow.stage == VectorRow.stage)
    joined = select(*columns).select_from(StageRunRow).join(VectorRow, same)
    return joined.where(StageRunRow.fingerprint == VectorRow.fingerprint, StageRunRow.active)


def vectors_held(store: LibraryStore) -> dict[str, Holding]:
    """What each collection holds; one that has nothing is absent."""
    of_run = (VectorRow.collection, VectorRow.video_id, VectorRow.stage, VectorRow.fingerprint)
    # Counted before it is joined: once for each run, not for each vector.
    run = select(*of_run, func.count().label("vectors")).group_by(*of_run).subquery().c
    same = (StageRunRow.video_id == run.video_id) & (StageRunRow.stage == run.stage)
    same &= (StageRunRow.fingerprint == run.fingerprint) & StageRunRow.active
    counts = (func.sum(run.vectors), func.count(run.video_id.distinct()), func.min(run.video_id))
    counted = select(run.collection, *counts).join(StageRunRow, same).group_by(run.collection)
    with reading(store.engine) as connection:
        rows = connection.execute(counted).all()
    return {name: Holding(int(vectors), videos, example) for name, vectors, videos, example in rows}


def count_videos(
    store: LibraryStore, *collections: str, without: Collection[str] = (), video_ids: Collection[str] | None = None
) -> int:
    """How many videos have vectors in some of these collections.

    Args:
        without: and in none of those.
        video_ids: count these videos only; None for all.
    """
    if not collections:
        return 0
    counted = _of_runs(func.count(VectorRow.video_id.distinct())).where(VectorRow.collection.in_(collections))
    if without:
        counted = counted.where(~_has_any(VectorRow.video_id, without))
    with reading(store.engine) as connection:
        if video_ids is not None:
            counted = counted.where(among(store.engine, VectorRow.video_id, video_ids))
        return int(connection.execute(counted).scalar_one())


def videos_by_collection(store: LibraryStore, collections: Collection[str]) -> set[tuple[str, str]]:
    """(collection, video id) of all that have vectors there."""
    chosen = _of_runs(VectorRow.collection, VectorRow.video_id).where(VectorRow.collection.in_(collections)).distinct()
    if not collections:
        return set()
    with reading(store.engine) as connection:
        return {(name, video_id) for name, video_id in connection.execute(chosen)}


def lacking(store: LibraryStore, groups: Mapping[str, Collection[str]]) -> list[Lack]:
    """The videos that are not indexed, and those without a vector in some group of collections, as a listing has
    them.

    Args:
        groups: by name.
    """
    indexed = _runs_of(VideoRow.video_id, StageRunRow.stage == INDEXED_STAGE)
    has = [_has_any(VideoRow.video_id, names) for names in groups.values()]
    rows = select(VideoRow.video_id, indexed.label("indexed"), *(one.label(f"has_{n}") for n, one in enumerate(has)))
    whole = indexed
    for one in has:
        whole &= one
    with reading(store.engine) as connection:
        found = connection.execute(rows.where(~whole).order_by(FIRST_PLACE)).all()
    return [
        Lack(video_id, bool(done), tuple(name for name, one in zip(groups, present, strict=True) if done and not one))
        for video_id, done, *present in found
    ]


def _runs_of(video_id: Any, which: Any) -> Any:
    return exists().where((StageRunRow.video_id == video_id) & StageRunRow.active & which)


def _has_any(video_id: Any, collections: Collection[str]) -> Any:
    # By the video's own runs, whose vectors are found by (video, stage) and not by collection.
    run, vector = aliased(StageRunRow), aliased(VectorRow)
    same = (vector.video_id == run.video_id) & (vector.stage == run.stage) & (vector.fingerprint == run.fingerprint)
    return exists().where((run.video_id == video_id) & run.active & same & vector.collection.in_(sorted(collections)))


def active_runs(store: LibraryStore, stages: Sequence[str]) -> dict[tuple[str, str], str]:
    """(video id, stage) to the fingerprint that readers see, of some stages of all videos."""
    chosen = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint)
    with reading(store.engine) as connection:
        rows = connection.execute(chosen.where(StageRunRow.active, StageRunRow.stage.in_(stages)))
        return {(video_id, stage): fingerprint for video_id, stage, fingerprint in rows}


_SOURCE = (EVIDENCE.c.channel, EVIDENCE.c.stage, EVIDENCE.c.fingerprint)


def lines_held(store: LibraryStore) -> dict[LineSource, Holding]:
    """How many lines there are, by where they come from."""
    video = EVIDENCE.c.video_id
    counted = select(*_SOURCE, func.count(), func.count(video.distinct()), func.min(video)).group_by(*_SOURCE)
    with reading(store.engine) as connection:
        return {LineSource(*row[:3]): Holding(*row[3:]) for row in connection.execute(counted)}


def line_sources(store: LibraryStore, video_ids: Collection[str]) -> dict[tuple[str, str], LineSource]:
    """Where the lines of some videos come from, by channel and video; a few hundred videos at most."""
    chosen = select(*_SOURCE, EVIDENCE.c.video_id).where(EVIDENCE.c.video_id.in_(sorted(video_ids))).distinct()
    with reading(store.engine) as connection:
        return {(row[0], row[3]): LineSource(*row[:3]) for row in connection.execute(chosen)}


def was_given(store: LibraryStore, uri: str) -> bool:
    """Whether a file was ingested already, or could not be."""
    with reading(store.engine) as connection:
        given = (select(table.uri).where(table.uri == uri) for table in (LocationRow, InputErrorRow))
        return any(connection.execute(one).first() is not None for one in given)
