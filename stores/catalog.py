"""The catalog: which videos there are, where their files are, and what is known about them.

Everything it returns about a video's content belongs to the active stage runs, which are those that readers see.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select, update

from stores.clips import CLIPS, clips_at_hand, clips_of, recognised_in
from stores.core import ids
from stores.core.record_columns import clean, record_of, video_of
from stores.core.records import Channel, Clip, Evidence, Receipt, Record, Span, StageKey, Video
from stores.core.uris import has_file, path_of, uri_of
from stores.entries import IndexHealth, InputError, VideoEntry, entry_of
from stores.resolving import resolve
from stores.sql.database import reading, writing
from stores.sql.rows import FIRST_PLACE, TABLE_OF
from stores.sql.standing import INDEXED_STAGE, counted, counted_of
from stores.sql.tables import (
    EVIDENCE,
    BlobRow,
    CaptionRow,
    ClipRow,
    CounterRow,
    InputErrorRow,
    LocationRow,
    ScriptRow,
    StageRunRow,
    VectorRow,
    VideoRow,
)

__all__ = ["Catalog", "IndexHealth", "InputError", "VideoEntry", "bump_revision"]

_LISTED = 500
_Narrowed = Callable[[Any, Any], Any]
_Rows = TypeVar("_Rows", bound=Select[*tuple[Any, ...]])


class Catalog:
    """Reads records and registers files; the records are written by `stores.library_store.LibraryStore.commit`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._active: tuple[int, dict[tuple[str, str], str]] = (-1, {})

    def register(self, path: Path, sha256: str, size: int, mtime_ns: int) -> str:
        """Records that ``path`` has the content ``sha256``, and returns the video's id.

        A copy adds a location to the known video; a file whose content changed moves to another video.
        """
        video_id, uri, now = ids.video_id(sha256), uri_of(path), time.time()
        place = {"video_id": video_id, "size": size, "mtime_ns": mtime_ns, "seen_at": now, "missing": False}
        place |= {"name": PurePosixPath(uri).name, "stem": PurePosixPath(uri).stem}
        with writing(self._engine) as connection:
            if not connection.execute(select(VideoRow.video_id).where(VideoRow.video_id == video_id)).first():
                connection.execute(insert(VideoRow).values(video_id=video_id, sha256=sha256, size=size))
            moved = connection.execute(update(LocationRow).where(LocationRow.uri == uri).values(**place))
            if not moved.rowcount:
                connection.execute(insert(LocationRow).values(uri=uri, **place))
            connection.execute(delete(InputErrorRow).where(InputErrorRow.uri == uri))
        return video_id

    def known(self, path: Path, size: int, mtime_ns: int, note: bool = True) -> str | None:
        """The video at ``path`` if size and modification time are as they were, so that hashing can be skipped.

        Args:
            note: record that a missing file is back.
        """
        uri = uri_of(path)
        same = (LocationRow.uri == uri) & (LocationRow.size == size) & (LocationRow.mtime_ns == mtime_ns)
        with reading(self._engine) as connection:
            row = connection.execute(select(LocationRow.video_id, LocationRow.missing).where(same)).first()
        if row is not None and row.missing and note:
            with writing(self._engine) as connection:
                connection.execute(update(LocationRow).where(same).values(missing=False))
        return None if row is None else str(row.video_id)

    def note_missing(self, path: Path) -> None:
        """Records that a known file is missing; the results of its video stay."""
        with writing(self._engine) as connection:
            connection.execute(update(LocationRow).where(LocationRow.uri == uri_of(path)).values(missing=True))

    def record_input_error(self, uri: str, code: str, message: str) -> None:
        """Records a file that could not be read; a later `register` of it removes the entry."""
        row = {"error_code": code, "error_message": clean(message), "seen_at": time.time()}
        with writing(self._engine) as connection:
            connection.execute(delete(InputErrorRow).where(InputErrorRow.uri == uri))
            connection.execute(insert(InputErrorRow).values(uri=uri, **row))

    def input_errors(self) -> list[InputError]:
        """Files that could not be read, by uri."""
        columns = select(InputErrorRow.uri, InputErrorRow.error_code, InputErrorRow.error_message)
        with reading(self._engine) as connection:
            return [InputError(*row) for row in connection.execute(columns.order_by(InputErrorRow.uri))]

    def forget_input_errors(self, uris: Iterable[str]) -> None:
        """Removes files from the list of those that could not be read."""
        with writing(self._engine) as connection:
            for uri in uris:
                connection.execute(delete(InputErrorRow).where(InputErrorRow.uri == uri))

    def prune_input_errors(self, exists: Callable[[str], bool]) -> list[str]:
        """Removes files from that list that no longer exist.

        Args:
            exists: whether a uri still exists.

        Returns:
            Their uris.
        """
        gone = [error.uri for error in self.input_errors() if not exists(error.uri)]
        if gone:
            self.forget_input_errors(gone)
        return gone

    def missing(self) -> list[VideoEntry]:
        """Videos none of whose files exist now, according to the disk and not to the tables."""
        return [entry for entry in self.videos() if not any(_may_exist(path_of(uri)) for uri in entry.uris)]

    def count(self) -> int:
        """How many videos there are."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(VideoRow)).scalar_one())

    def videos(self) -> list[VideoEntry]:
        """All videos, by their first location; three queries in all."""
        return self.entries(None)

    def entry(self, video_id: str) -> VideoEntry:
        """One video.

        Raises:
            UsageError: UNKNOWN_VIDEO if there is no such id.
        """
        return next(iter(self.entries([video_id])), None) or self.entry(self.resolve(video_id))

    def each(self) -> Iterator[VideoEntry]:
        """As `videos`, some hundred of them in memory at a time. What is forgotten meanwhile may be left out."""
        chosen = select(VideoRow.video_id).order_by(FIRST_PLACE)
        with reading(self._engine) as connection:
            video_ids = list(connection.execute(chosen).scalars())
        for first in range(0, len(video_ids), _LISTED):
            yield from self.entries(video_ids[first : first + _LISTED])

    def page(self, limit: int | None = None, after: str = "") -> list[VideoEntry]:
        """Videos by id: at most ``limit`` of those after the id ``after``."""
        chosen = select(VideoRow.video_id).where(VideoRow.video_id > after).order_by(VideoRow.video_id)
        with reading(self._engine) as connection:
            video_ids = list(connection.execute(chosen.limit(limit)).scalars())
        found = {entry.video_id: entry for entry in self.entries(video_ids)}
        return [found[video_id] for video_id in video_ids if video_id in found]

    def places_of(self, video_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The locations of these videos, by id; those not known to be missing first."""
        return {video_id: tuple(uris) for video_id, uris in self._places(sorted(set(video_ids))).items()}

    def indexed(self) -> list[str]:
        """Ids of the videos that can be searched, by their first location."""
        done = (StageRunRow.stage == INDEXED_STAGE) & StageRunRow.active
        chosen = select(VideoRow.video_id).join(StageRunRow, StageRunRow.video_id == VideoRow.video_id)
        with reading(self._engine) as connection:
            return list(connection.execute(chosen.where(done).order_by(FIRST_PLACE)).scalars())

    def video(self, video_id: str) -> Video | None:
        """The probed video; None if it is unknown or not probed."""
        with reading(self._engine) as connection:
            row = connection.execute(select(VideoRow.__table__).where(VideoRow.video_id == video_id)).first()
        return None if row is None else video_of(row._mapping)

    def sha256(self, video_id: str) -> str:
        """The hash of the content of a registered video.

        Raises:
            UsageError: UNKNOWN_VIDEO if there is no such id.
        """
        with reading(self._engine) as connection:
            chosen = select(VideoRow.sha256).where(VideoRow.video_id == video_id)
            found = connection.execute(chosen).scalar_one_or_none()
        return self.sha256(self.resolve(video_id)) if found is None else str(found)

    def resolve(self, text: str, among: Collection[str] | None = None) -> str:
        """The id of the video that ``text`` means: an id, the beginning of one, a path or uri, a file name.

        ``among``: ids of the only videos that there are for who asks.

        Raises:
            UsageError: UNKNOWN_VIDEO if no video or more than one matches; the message names similar ones.
        """
        with reading(self._engine) as connection:
            return resolve(connection, text, among)

    def display_uri(self, video_id: str) -> str:
        """Where to play the video: its first existing file, else its first known location, else the id."""
        uris = self._places([video_id]).get(video_id, [])
        return next((uri for uri in uris if has_file(uri)), next(iter(uris), video_id))

    def path(self, video_id: str) -> Path | None:
        """The first file of the video that exists."""
        uris = self._places([video_id]).get(video_id, ())
        return next((path_of(uri) for uri in uris if has_file(uri)), None)

    def records(self, video_id: str, stage: str) -> tuple[Record, ...]:
        """What a stage found, in its order; empty if it found nothing or is not done."""
        found: list[tuple[int, Record]] = []
        with reading(self._engine) as connection:
            time_base = _time_base(connection, video_id)
            if time_base is None:
                return ()
            for kind, chosen in _records().items():
                rows = connection.execute(chosen, {"of_video": video_id, "of_stage": stage})
                found += [(row.ordinal, record_of(kind, row._mapping, time_base)) for row in rows]
        return tuple(record for _, record in sorted(found, key=lambda pair: pair[0]))

    def clips(self, video_id: str) -> list[Clip]:
        """The clips of one video in order of time."""
        chosen = CLIPS.where(ClipRow.video_id == video_id).order_by(ClipRow.start_tick, ClipRow.ordinal)
        with reading(self._engine) as connection:
            return clips_of(connection.execute(chosen)).get(video_id, [])

    def clips_at_hand(
        self, clip_ids: Iterable[str] = (), places: Iterable[tuple[str, int, int]] = ()
    ) -> dict[str, list[Clip]]:
        """Clips by video, in order of time: those of ``clip_ids``, and all that overlap one of ``places``.

        Args:
            places: video id, start and end in its ticks; one of length zero overlaps the clips that contain its tick.
        """
        with reading(self._engine) as connection:
            return clips_at_hand(connection, clip_ids, places)

    def recognised_in(self, clips: Iterable[tuple[str, Clip]], concepts: Iterable[str]) -> dict[str, dict[str, float]]:
        """How surely some concepts were recognised in some clips (video id, clip): the mean probability of a label, the
        highest confidence of an object. By clip id, then by concept; what was not recognised is absent, and so are
        clips of videos that have not been labelled."""
        with reading(self._engine) as connection:
            return recognised_in(connection, clips, concepts)

    def evidence(self, evidence_ids: Iterable[str]) -> dict[str, Evidence]:
        """Evidence by id; ids that do not exist (any more) are absent."""
        wanted = list(dict.fromkeys(evidence_ids))
        found: dict[str, Evidence] = {}
        with reading(self._engine) as connection:
            for first in range(0, len(wanted), _LISTED):
                some = EVIDENCE.c.evidence_id.in_(wanted[first : first + _LISTED])
                found.update((item.evidence_id, item) for item in _evidence(connection, some))
        return {evidence_id: found[evidence_id] for evidence_id in wanted if evidence_id in found}

    def evidence_of(self, video_id: str, channel: Channel | None = None) -> list[Evidence]:
        """All evidence of one video (on one channel) in order of time."""
        chosen = EVIDENCE.c.video_id == video_id
        if channel is not None:
            chosen &= EVIDENCE.c.channel == channel
        with reading(self._engine) as connection:
            items = _evidence(connection, chosen)
        return sorted(items, key=lambda item: (item.span.start, item.span.end, item.channel, item.evidence_id))

    def evidence_at(self, video_id: str, span: Span, channels: Sequence[Channel]) -> list[Evidence]:
        """The evidence of one video on some channels that has exactly this span, by channel and id."""
        there = (EVIDENCE.c.start_tick == span.start) & (EVIDENCE.c.end_tick == span.end)
        there &= (EVIDENCE.c.video_id == video_id) & EVIDENCE.c.channel.in_(channels)
        with reading(self._engine) as connection:
            return sorted(_evidence(connection, there), key=lambda item: (item.channel, item.evidence_id))

    def evidence_during(
        self, video_id: str, span: Span, channels: Sequence[Channel], limit: int | None = None
    ) -> list[Evidence]:
        """The evidence of one video on some channels that overlaps a span, by time and id; the first ``limit``."""
        there = (EVIDENCE.c.start_tick < span.end) & (EVIDENCE.c.end_tick > span.start)
        there &= (EVIDENCE.c.video_id == video_id) & EVIDENCE.c.channel.in_(channels)
        with reading(self._engine) as connection:
            return sorted(_evidence(connection, there, limit), key=lambda item: (item.span.start, item.evidence_id))

    def described(self, stage: str) -> dict[str, int]:
        """The videos with a finished stage (``captions`` or ``script``), to the number of its records (0 or more)."""
        table: Any = ScriptRow if stage == "script" else CaptionRow
        chosen = _shown(select(table.video_id, func.count()).where(table.stage == stage), table)
        done = (StageRunRow.stage == stage) & StageRunRow.active
        with reading(self._engine) as connection:
            found = dict.fromkeys(connection.execute(select(StageRunRow.video_id).where(done)).scalars(), 0)
            found.update((row[0], int(row[1])) for row in connection.execute(chosen.group_by(table.video_id)))
        return found

    def index_health(self, required_stages: Collection[str], video_ids: Collection[str] | None = None) -> IndexHealth:
        """How many videos have all of ``required_stages`` done.

        A video whose files are all missing and for which none of those stages is done is not counted. For the one stage
        that `stores.sql.standing` counts, the cost does not depend on the size of the library.

        Args:
            video_ids: count these videos only; None for all.
        """
        stages = sorted(set(required_stages))
        if stages == [INDEXED_STAGE]:
            with reading(self._engine) as connection:
                kept = counted(connection) if video_ids is None else counted_of(connection, set(video_ids))
            return _health(kept["videos_indexed"], kept["videos_known"], kept["videos_failed"])
        if video_ids is not None:
            return self._health_of(sorted(set(video_ids)), stages)
        there: dict[str, set[str]] = defaultdict(set)
        for video_id, stage in self.active():
            there[video_id].add(stage)
        runs = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.status)
        with reading(self._engine) as connection:
            known = set(connection.execute(select(VideoRow.video_id)).scalars())
            places = connection.execute(select(LocationRow.video_id).where(~LocationRow.missing)).scalars()
            gone = known - set(places)
            ended = connection.execute(runs.where(StageRunRow.status.in_(("failed", "quarantined")))).all()
        known -= {video_id for video_id in gone if not there[video_id].intersection(stages)}
        indexed = {video_id for video_id in known if there[video_id].issuperset(stages)}
        failed = {run.video_id for run in ended} & known - indexed
        return _health(len(indexed), len(known), len(failed))

    def _health_of(self, video_ids: Sequence[str], stages: Sequence[str]) -> IndexHealth:
        active = self.active_of(video_ids, stages)
        rest = [one for one in video_ids if not all((one, stage) in active for stage in stages)]
        failed = [
            entry for entry in self.entries(rest) if {"failed", "quarantined"}.intersection(entry.stages.values())
        ]
        return _health(len(video_ids) - len(rest), len(video_ids), len(failed))

    def active(self) -> dict[tuple[str, str], str]:
        """(video id, stage) to the fingerprint that readers see; the same object until something is committed."""
        with reading(self._engine) as connection:
            revision = _revision(connection)
            if revision != self._active[0]:
                runs = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint)
                rows = connection.execute(runs.where(StageRunRow.active)).all()
                self._active = revision, {(row.video_id, row.stage): row.fingerprint for row in rows}
        return self._active[1]

    def active_of(self, video_ids: Sequence[str], stages: Sequence[str] | None = None) -> dict[tuple[str, str], str]:
        """As `active`, for these videos (and stages) only, and never from the cache."""
        runs = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint).where(StageRunRow.active)
        if stages is not None:
            runs = runs.where(StageRunRow.stage.in_(stages))
        found: dict[tuple[str, str], str] = {}
        with reading(self._engine) as connection:
            for first in range(0, len(video_ids), _LISTED):
                some = StageRunRow.video_id.in_(video_ids[first : first + _LISTED])
                found.update(((row[0], row[1]), row[2]) for row in connection.execute(runs.where(some)))
        return found

    def revision(self) -> int:
        """A number that changes with every commit, of any process."""
        with reading(self._engine) as connection:
            return _revision(connection)

    def blobs(self, video_id: str, stage: str) -> tuple[StageKey | None, tuple[str, ...]]:
        """The key and the sorted names of the blobs of a stage; (None, ()) if there are none."""
        chosen = _shown(select(BlobRow.fingerprint, BlobRow.name), BlobRow).order_by(BlobRow.name)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.where(BlobRow.video_id == video_id, BlobRow.stage == stage)).all()
        key = StageKey(video_id, stage, rows[0].fingerprint) if rows else None
        return key, tuple(row.name for row in rows)

    def blob_bytes(self) -> dict[tuple[str, str], int]:
        """Bytes of the blobs of each stage, by (video id, stage); stages without blobs are absent."""
        chosen = select(BlobRow.video_id, BlobRow.stage, func.sum(BlobRow.size))
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.group_by(BlobRow.video_id, BlobRow.stage))
            return {(video_id, stage): int(size) for video_id, stage, size in rows}

    def shown_blobs(self) -> set[tuple[StageKey, str]]:
        """Every blob that readers may see."""
        chosen = _shown(select(BlobRow.video_id, BlobRow.stage, BlobRow.fingerprint, BlobRow.name), BlobRow)
        with reading(self._engine) as connection:
            return {(StageKey(*row[:3]), row.name) for row in connection.execute(chosen)}

    def shown_vectors(self, collection: str, vector_ids: Sequence[str]) -> set[str]:
        """Those of ``vector_ids`` that readers may see."""
        chosen = _shown(select(VectorRow.vector_id), VectorRow).where(VectorRow.collection == collection)
        found: set[str] = set()
        with reading(self._engine) as connection:
            for first in range(0, len(vector_ids), _LISTED):
                some = VectorRow.vector_id.in_(vector_ids[first : first + _LISTED])
                found.update(connection.execute(chosen.where(some)).scalars())
        return found

    def entries(self, video_ids: Sequence[str] | None) -> list[VideoEntry]:
        """The known ones of some videos (None: all), by their first location."""
        videos = select(VideoRow.__table__)
        run_rows = select(StageRunRow.__table__).order_by(StageRunRow.started_at, StageRunRow.stage)
        runs: dict[str, list[Receipt]] = defaultdict(list)
        rows: list[Any] = []
        with reading(self._engine) as connection:
            for some in _some(video_ids):
                rows += connection.execute(some(videos, VideoRow)).all()
                for run in connection.execute(some(run_rows, StageRunRow)):
                    key = StageKey(run.video_id, run.stage, run.fingerprint)
                    receipt = Receipt(
                        key, run.status, run.attempts, run.seconds, run.error_code, run.error_message, run.strikes
                    )
                    runs[run.video_id].append(receipt)
        places = self._places(video_ids)
        entries = [
            entry_of(row.video_id, video_of(row._mapping), tuple(places.get(row.video_id, ())), runs[row.video_id])
            for row in rows
        ]
        return sorted(entries, key=lambda entry: (entry.uris, entry.video_id))

    def _places(self, video_ids: Sequence[str] | None) -> dict[str, list[str]]:
        chosen = select(LocationRow.video_id, LocationRow.uri).order_by(LocationRow.missing, LocationRow.uri)
        found: dict[str, list[str]] = defaultdict(list)
        with reading(self._engine) as connection:
            for some in _some(video_ids):
                for video_id, uri in connection.execute(some(chosen, LocationRow)):
                    found[video_id].append(uri)
        return found


def _some(video_ids: Sequence[str] | None) -> Iterator[_Narrowed]:
    """Functions that narrow a statement down to these videos (None: all), some at a time."""
    if video_ids is None:
        yield lambda statement, _: statement
        return
    for first in range(0, len(video_ids), _LISTED):
        yield partial(_narrowed, video_ids[first : first + _LISTED])


def _narrowed(video_ids: Sequence[str], statement: Any, table: Any) -> Any:
    return statement.where(table.video_id.in_(video_ids))


def _health(indexed: int, known: int, failed: int) -> IndexHealth:
    state: Any = "empty" if not indexed else "complete" if indexed == known else "partial"
    return IndexHealth(state, indexed, known, failed)


def _may_exist(path: Path) -> bool:
    """False only if the file certainly does not exist: one that cannot be reached is not missing."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


_REVISION = select(CounterRow.value).where(CounterRow.name == "revision")
_BUMP = update(CounterRow).where(CounterRow.name == "revision").values(value=CounterRow.value + 1)


def bump_revision(connection: Connection) -> None:
    """Invalidates every cache, in every process, of what readers see."""
    if not connection.execute(_BUMP).rowcount:
        connection.execute(insert(CounterRow).values(name="revision", value=1))


def _revision(connection: Connection) -> int:
    return connection.execute(_REVISION).scalar() or 0


def _shown(statement: _Rows, table: Any) -> _Rows:
    """Only the rows of stage runs that readers may see."""
    same = (StageRunRow.video_id == table.video_id) & (StageRunRow.stage == table.stage)
    return statement.join(StageRunRow, same & (StageRunRow.fingerprint == table.fingerprint)).where(StageRunRow.active)


@cache
def _records() -> dict[str, Select[Any]]:
    """By kind, the records of one stage of one video: built once, since that takes longer than running them."""
    here: tuple[Any, Any] = bindparam("of_video"), bindparam("of_stage")
    shown = ((kind, table, _shown(select(table.__table__), table)) for kind, table in TABLE_OF.items())
    return {kind.__name__: rows.where(table.video_id == here[0], table.stage == here[1]) for kind, table, rows in shown}


def _time_base(connection: Connection, video_id: str) -> Fraction | None:
    base = select(VideoRow.time_base_numerator, VideoRow.time_base_denominator).where(VideoRow.video_id == video_id)
    row = connection.execute(base).first()
    return None if row is None or row[0] is None else Fraction(row[0], row[1])


def _evidence(connection: Connection, where: Any, limit: int | None = None) -> list[Evidence]:
    base = (VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    joined = select(EVIDENCE, *base).join(VideoRow, VideoRow.video_id == EVIDENCE.c.video_id).where(where)
    if limit is not None:
        joined = joined.order_by(EVIDENCE.c.start_tick, EVIDENCE.c.evidence_id).limit(limit)
    return [
        Evidence(
            evidence_id=row.evidence_id,
            video_id=row.video_id,
            span=Span(row.start_tick, row.end_tick, Fraction(row.time_base_numerator, row.time_base_denominator)),
            channel=row.channel,
            text=row.text,
            search_text=row.search_text,
            confidence=row.confidence,
        )
        for row in connection.execute(joined)
    ]
