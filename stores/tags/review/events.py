"""What people did as events that are only added, and what follows from them, in whatever order they came."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, func, insert, select

from stores.sql.among import among_pairs
from stores.tags.queueing import Pair
from stores.tags.review_tables import ReviewEventRow

MICROSECOND = 1e-6
"""Between two decisions of one step, so that they have an order. Source: our choice: floats of seconds since 1970 can
tell it."""

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One verdict on one tag of one video, or one taken back; see `stores.tags.review_tables.ReviewEventRow`.

    Attributes:
        at: seconds since the epoch.
        sources: (recall source, probability) of the automatic decision at that time.
        kept: ``confidence``, ``recalled_by``, ``scores`` and ``evidence`` of the decision that it makes.
    """

    event_id: str
    step: str
    video_id: str
    tag_id: str
    undoes: str
    verdict: str
    by_id: str
    by_name: str
    at: float
    automatic: str = ""
    model: str = ""
    score: float | None = None
    sources: tuple[tuple[str, float], ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pair(self) -> Pair:
        """What it is about."""
        return self.video_id, self.tag_id


_NAMES = tuple(one.name for one in fields(Event))


def event_id(step: str, pair: Pair) -> str:
    """The id of the event about a tag of a video in one step: the same in every copy of the library."""
    return "rev_" + hashlib.sha256("\n".join((step, *pair)).encode(errors="replace")).hexdigest()[:24]


def standing(events: Iterable[Event]) -> Event | None:
    """The verdict that counts of all events about one tag of one video: the newest that nobody took back.

    A function of the set of events: neither the order in which they came matters nor how often. Of two at the same
    time the one with the greater id counts.
    """
    known = list(events)
    undone = {one.undoes for one in known if one.undoes}
    live = [one for one in known if not one.undoes and one.event_id not in undone]
    return max(live, key=lambda one: (one.at, one.event_id), default=None)


def events_of(connection: Connection, pairs: Sequence[Pair]) -> defaultdict[Pair, list[Event]]:
    """All events about some tags of videos, the oldest first."""
    found: defaultdict[Pair, list[Event]] = defaultdict(list)
    row = ReviewEventRow
    some = among_pairs(connection, row.video_id, row.tag_id, pairs)
    for one in connection.execute(select(row.__table__).where(some)):
        event = event_of(one)
        found[event.pair].append(event)
    for events in found.values():
        events.sort(key=lambda one: (one.at, one.event_id))
    return found


def newest(connection: Connection, pairs: Sequence[Pair]) -> float | None:
    """The time of the newest event about any of these tags of videos."""
    some = among_pairs(connection, ReviewEventRow.video_id, ReviewEventRow.tag_id, pairs)
    return connection.execute(select(func.max(ReviewEventRow.at)).where(some)).scalar()


def append(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Adds those that are not known by their ids; returns them."""
    row, known = ReviewEventRow, set[str]()
    for first in range(0, len(events), _CHUNK):
        some = [one.event_id for one in events[first : first + _CHUNK]]
        known.update(connection.execute(select(row.event_id).where(row.event_id.in_(some))).scalars())
    added = list({one.event_id: one for one in events if one.event_id not in known}.values())
    if added:
        connection.execute(insert(row), [_values(one) for one in added])
    return added


def event_of(row: Any) -> Event:
    """The event in a row of `ReviewEventRow`."""
    values = {name: getattr(row, name) for name in _NAMES}
    values["sources"] = tuple((str(name), float(score)) for name, score in row.sources)
    return Event(**values)


def _values(event: Event) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in _NAMES}
    return values | {"sources": [list(one) for one in event.sources], "kept": dict(event.kept)}
