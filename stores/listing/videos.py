"""Pages of videos, filtered and sorted by the database: what is read grows with the page, not with the library.

Counting how many there are is left to the database, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from stores.entries import EntryStatus
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.rows import FIRST_PLACE
from stores.sql.standing import INDEXED_STAGE
from stores.sql.tables import ClipRow, DecisionRow, LocationRow, StageRunRow, UtteranceRow, VideoRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

Sort = Literal["name", "-name", "added", "-added", "seconds", "-seconds"]
SORTS: tuple[Sort, ...] = get_args(Sort)

_LISTED = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class Choice:
    """Which videos are listed, and in which order; "" and None narrow nothing.

    Attributes:
        name: a part of the name of a file.
        video_ids: only these; () lists none.
    """

    status: EntryStatus | Literal[""] = ""
    tag_id: str = ""
    language: str = ""
    name: str = ""
    video_ids: tuple[str, ...] | None = None
    sort: Sort = "name"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: the last video, what it was sorted by, and whether it has a place at all."""

    video_id: str
    key: str | float
    placed: bool = True


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says of a video beside what its entry says.

    Attributes:
        tag_ids: of the accepted tags.
        languages: that are spoken, the one of most lines first.
        poster: name of the thumbnail of its longest clip; "" if there is none.
        added_at: when its first file was seen; seconds since the epoch, 0 if there is none.
    """

    tag_ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    poster: str = ""
    added_at: float = 0.0


def page(store: LibraryStore, choice: Choice, limit: int, after: Mark | None = None) -> list[Mark]:
    """At most ``limit`` videos after another one; those that lie nowhere come last, by id."""
    found: list[Mark] = []
    with reading(store.engine) as connection:
        if after is None or after.placed:
            rows = connection.execute(_placed(store, choice, after).limit(limit))
            found += [Mark(video_id, key) for video_id, key in rows]
        if len(found) < limit:
            beyond = after.video_id if after is not None and not after.placed else ""
            rows = connection.execute(_nowhere(store, choice, beyond).limit(limit - len(found)))
            found += [Mark(video_id, "", placed=False) for (video_id,) in rows]
    return found


def total(store: LibraryStore, choice: Choice) -> int:
    """How many videos there are to list."""
    counted = _narrowed(store, select(func.count()).select_from(VideoRow), choice)
    with reading(store.engine) as connection:
        return int(connection.execute(counted).scalar_one())


def existing(store: LibraryStore, video_ids: Collection[str]) -> frozenset[str]:
    """Those of some ids that are videos of the library: one query however many they are."""
    chosen = select(VideoRow.video_id).where(among(store.engine, VideoRow.video_id, video_ids))
    with reading(store.engine) as connection:
        return frozenset(connection.execute(chosen).scalars())


def statuses(store: LibraryStore, video_ids: Collection[str]) -> tuple[dict[str, int], float]:
    """Of some videos: how many have which status, and how many seconds they last in all."""
    rows = _narrowed(store, select(_STATUS.label("status"), _SECONDS.label("seconds")), Choice(video_ids=(*video_ids,)))
    some = rows.subquery()
    grouped = select(some.c.status, func.count(), func.sum(some.c.seconds)).group_by(some.c.status)
    with reading(store.engine) as connection:
        found = connection.execute(grouped).all()
    return {status: int(count) for status, count, _ in found}, float(sum(seconds or 0.0 for *_, seconds in found))


def card_facts(store: LibraryStore, video_ids: Sequence[str]) -> dict[str, CardFacts]:
    """What the cards of some videos say; a page of them."""
    tags: dict[str, list[str]] = defaultdict(list)
    spoken: dict[str, list[str]] = defaultdict(list)
    with reading(store.engine) as connection:

        def rows(statement: Any, column: Any) -> Iterable[Any]:
            for first in range(0, len(video_ids), _LISTED):
                yield from connection.execute(statement.where(column.in_(video_ids[first : first + _LISTED])))

        for video_id, tag_id in rows(_accepted(), DecisionRow.video_id):
            tags[video_id].append(tag_id)
        for video_id, language in rows(_SPOKEN, UtteranceRow.video_id):
            spoken[video_id].append(language)
        posters = dict(rows(_POSTERS, _LONGEST.c.video_id))
        added = dict(rows(_ADDED_BY_ID, LocationRow.video_id))
    return {
        one: CardFacts(tuple(tags[one]), tuple(spoken[one]), posters.get(one, ""), added.get(one, 0.0))
        for one in video_ids
    }


def _placed(store: LibraryStore, choice: Choice, after: Mark | None) -> Select[Any]:
    descending = choice.sort.startswith("-")
    key = _KEYS[choice.sort.removeprefix("-")]
    # The one place whose name is shown. SQLite walks the index of names and stops at the end of the page.
    first = (LocationRow.video_id == VideoRow.video_id) & (LocationRow.uri == FIRST_PLACE)
    chosen = _narrowed(store, select(VideoRow.video_id, key.label("key")).join(LocationRow, first), choice)
    if after is not None:
        beyond = key < after.key if descending else key > after.key
        chosen = chosen.where(or_(beyond, and_(key == after.key, VideoRow.video_id > after.video_id)))
    return chosen.order_by(key.desc() if descending else key, VideoRow.video_id)


def _nowhere(store: LibraryStore, choice: Choice, after: str) -> Select[Any]:
    placed = exists().where(LocationRow.video_id == VideoRow.video_id)
    chosen = _narrowed(store, select(VideoRow.video_id), choice).where(~placed, VideoRow.video_id > after)
    return chosen.order_by(VideoRow.video_id)


def _narrowed(store: LibraryStore, chosen: Select[Any], choice: Choice) -> Select[Any]:
    if choice.video_ids is not None:
        chosen = chosen.where(among(store.engine, VideoRow.video_id, choice.video_ids))
    if choice.name:
        of_name = exists().where(_SOME_PLACE.video_id == VideoRow.video_id)
        chosen = chosen.where(of_name.where(_SOME_PLACE.name.icontains(choice.name, autoescape=True)))
    if choice.tag_id:
        tagged = _accepted(DecisionRow.video_id).where(DecisionRow.tag_id == choice.tag_id)
        chosen = chosen.where(VideoRow.video_id.in_(tagged))
    if choice.language:
        spoken = exists().where(UtteranceRow.video_id == VideoRow.video_id, UtteranceRow.language == choice.language)
        chosen = chosen.where(spoken)
    if choice.status:
        chosen = chosen.where(choice.status == _STATUS)
    return chosen


def _accepted(*columns: Any) -> Select[Any]:
    """Decisions that count and accept: a person's one hides an automatic one."""
    other = aliased(DecisionRow)
    same = (other.video_id == DecisionRow.video_id) & (other.tag_id == DecisionRow.tag_id)
    hidden = exists().where(same & (other.origin == "person") & (DecisionRow.origin != "person"))
    chosen = select(*(columns or (DecisionRow.video_id, DecisionRow.tag_id)))
    return chosen.where(DecisionRow.decision == "accepted", ~hidden).order_by(DecisionRow.origin, DecisionRow.ordinal)


def _status() -> Any:
    """As `stores.entries.status_of` and how entries join the parts of a stage, in SQL."""
    run, whole, part, beside = (aliased(StageRunRow) for _ in range(4))
    bad = ("failed", "quarantined")
    # A stage has the status of its whole run, unless a part of it was begun since; then that of its parts.
    in_parts = run.stage.contains(".")
    since = (part.video_id == whole.video_id) & part.stage.like(whole.stage + literal(".%"))
    since &= part.started_at >= whole.started_at
    over = exists().where(
        (whole.video_id == run.video_id) & run.stage.like(whole.stage + literal(".%")) & ~exists().where(since)
    )
    begun_again = exists().where(
        (part.video_id == run.video_id)
        & part.stage.like(run.stage + literal(".%"))
        & (part.started_at >= run.started_at)
    )
    counts = (run.video_id == VideoRow.video_id) & _is_newest(run) & case((in_parts, ~over), else_=~begun_again)

    def some(condition: Any) -> Any:
        return exists().where(counts & condition)

    # Parts without a bad one among them are on their way: the whole is still to come.
    same_stage = func.rtrim(beside.stage, _DIGITS) == func.rtrim(run.stage, _DIGITS)
    bad_beside = exists().where(
        (beside.video_id == run.video_id) & same_stage & beside.status.in_(bad) & _is_newest(beside)
    )
    working = some(case((in_parts, ~bad_beside), else_=run.status.in_(("running", "pending"))))
    any_run = exists().where(run.video_id == VideoRow.video_id)
    # Most videos have runs that are done and no others, which is found in one pass over all runs.
    unusual = select(part.video_id).where((part.status != "done") | part.stage.contains("."))
    searchable = exists().where((run.video_id == VideoRow.video_id) & (run.stage == INDEXED_STAGE))
    return case(
        (~any_run, "pending"),
        (VideoRow.video_id.not_in(unusual), case((searchable, "done"), else_="partial")),
        (working, "unfinished"),
        (~some(run.status.in_(bad)), case((some(run.stage == INDEXED_STAGE), "done"), else_="partial")),
        (VideoRow.time_base_numerator.is_not(None), "partial"),
        (some(run.status == "quarantined"), "quarantined"),
        else_="failed",
    )


def _is_newest(run: Any) -> Any:
    """Whether a run is the last one of its stage of its video."""
    later = aliased(StageRunRow)
    after = (later.started_at > run.started_at) | (
        (later.started_at == run.started_at) & (later.fingerprint > run.fingerprint)
    )
    return ~exists().where((later.video_id == run.video_id) & (later.stage == run.stage) & after)


_DIGITS = "0123456789"
_STATUS = _status()
_SOME_PLACE = aliased(LocationRow)
_SECONDS: Any = func.coalesce(
    VideoRow.duration * literal(1.0) * VideoRow.time_base_numerator / VideoRow.time_base_denominator, 0.0
)
_SEEN = aliased(LocationRow)
_ADDED: Any = select(func.min(_SEEN.seen_at)).where(_SEEN.video_id == VideoRow.video_id).correlate(VideoRow)
_KEYS: Mapping[str, Any] = {"name": LocationRow.name, "added": _ADDED.scalar_subquery(), "seconds": _SECONDS}
_ADDED_BY_ID = select(LocationRow.video_id, func.min(LocationRow.seen_at)).group_by(LocationRow.video_id)
_SPOKEN = (
    select(UtteranceRow.video_id, UtteranceRow.language)
    .where(UtteranceRow.language != "")
    .group_by(UtteranceRow.video_id, UtteranceRow.language)
    .order_by(func.count().desc(), UtteranceRow.language)
)
_LONGEST = (
    select(
        ClipRow.video_id,
        ClipRow.thumbnail,
        func.row_number()
        .over(
            partition_by=ClipRow.video_id,
            order_by=((ClipRow.end_tick - ClipRow.start_tick).desc(), ClipRow.start_tick),
        )
        .label("place"),
    )
    .where(ClipRow.thumbnail != "")
    .subquery()
)
_POSTERS = select(_LONGEST.c.video_id, _LONGEST.c.thumbnail).where(_LONGEST.c.place == 1)
