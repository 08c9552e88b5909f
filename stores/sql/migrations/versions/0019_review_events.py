"""Reviews become events that are only added, and the queue of what waits is ordered by what teaches most.

What counts about a tag of a video follows from its events alone: `stores.tags.review`. Undone reviews get an event that
undoes them; decisions of people without a review, as imports left them, get the event that makes them.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# As in stores.tags.queueing and stores.tags.review.events when this was written.
_THRESHOLD = 0.6
_MOST_SHARED = 1_000
_LEARNT = 10.0
_MICROSECOND = 1e-6

_CHUNK = 1_000


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, *more, **{"nullable": False, **options})


def _real(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def upgrade() -> None:
    events = op.create_table(
        "review_events",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        _text("event_id"),
        *(_text(name) for name in ("step", "video_id", "tag_id", "undoes", "verdict", "by_id", "by_name")),
        _real("at"),
        *(_text(name) for name in ("automatic", "model")),
        _real("score", nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("review_events_by_id", "review_events", ["event_id"], unique=True)
    op.create_index("review_events_by_step", "review_events", ["step"])
    op.create_index("review_events_of_decision", "review_events", ["video_id", "tag_id", "at"])
    op.create_index("review_events_of_tag", "review_events", ["tag_id"])
    op.create_index("review_events_by_time", "review_events", ["at", "event_id"])
    _fill_events(events)
    op.drop_index("reviews_by_undo", "reviews")
    op.drop_index("reviews_of_decision", "reviews")
    op.drop_table("reviews")
    op.drop_index("review_by_uncertainty", "review_queue")
    op.drop_index("review_of_tag", "review_queue")
    op.drop_table("review_queue")
    queue = op.create_table(
        "review_queue",
        _text("video_id", primary_key=True),
        _text("tag_id", primary_key=True),
        *(_real(name) for name in ("place", "alone", "uncertainty", "disagreement", "score")),
        sa.Column("shared", sa.BigInteger(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
    )
    waits: dict[str, Any] = {"sqlite_where": sa.text("waits = 1"), "postgresql_where": sa.text("waits")}
    op.create_index("review_by_place", "review_queue", ["place", "video_id", "tag_id"], **waits)
    op.create_index("review_by_alone", "review_queue", ["alone", "video_id", "tag_id"], **waits)
    op.create_index("review_of_tag", "review_queue", ["tag_id", "place", "video_id"], **waits)
    _fill_queue(queue)


class _Events:
    """Events as they are made of what stood in the tables.

    Attributes:
        newest: of each tag of a video, what counts: time and verdict as the tables have them, and its event's id; and
            the time of the newest event, whether it counts or not.
    """

    def __init__(self, table: sa.Table) -> None:
        self.connection = op.get_bind()
        self.newest: dict[tuple[str, str], tuple[tuple[float, str], str, float]] = {}
        self._table = table
        self._rows: list[dict[str, Any]] = []

    def time(self, pair: tuple[str, str], at: float) -> float:
        """A time for the next event of a pair: as given, yet after all others of it."""
        known = self.newest.get(pair)
        return round(max(at, known[2] + _MICROSECOND if known else 0.0), 6)

    def add(self, pair: tuple[str, str], step: str, at: float, kept: dict[str, Any], said: dict[str, Any]) -> str:
        event_id = _id(step, *pair)
        nobody = {"undoes": "", "verdict": "", "by_id": "", "by_name": "", "automatic": "", "model": "", "score": None}
        row = {"event_id": event_id, "step": step, "video_id": pair[0], "tag_id": pair[1], "at": at, "kept": kept}
        self._rows.append(nobody | row | {"sources": []} | said)
        if len(self._rows) >= _CHUNK:
            self.flush()
        return event_id

    def keep(self, pair: tuple[str, str], decision: dict[str, Any]) -> None:
        """What counted about a pair at some time, with all that it says: its event says so, too."""
        kept = {name: decision[name] for name in ("confidence", "recalled_by", "scores", "evidence")}
        same, known = (decision["decided_at"], decision["decision"]), self.newest.get(pair)
        if known is not None and known[0] == same:
            self.flush()
            that = self._table.c.event_id == known[1]
            self.connection.execute(sa.update(self._table).where(that).values(kept=kept))
            return
        # An import decided it, which left no review.
        step = f"und_{hashlib.sha256(repr((*pair, *same)).encode(errors='replace')).hexdigest()[:20]}"
        at = self.time(pair, decision["decided_at"])
        self.newest[pair] = same, self.add(pair, step, at, kept, {"verdict": decision["decision"]}), at

    def flush(self) -> None:
        if self._rows:
            self.connection.execute(sa.insert(self._table), self._rows)
            self._rows.clear()


def _fill_events(table: sa.Table) -> None:
    events = _Events(table)
    step, place = "", 0
    for old in _all(events.connection, "SELECT * FROM reviews ORDER BY review_id"):
        step, place = old.undo, place + 1 if old.undo == step else 0
        pair = old.video_id, old.tag_id
        former = _json(old.former)
        if former is not None:
            events.keep(pair, former)
        sure = {"accepted": 1.0, "rejected": 0.0}.get(old.verdict, 0.5 if old.score is None else old.score)
        kept = {"confidence": sure, "recalled_by": ["person"], "scores": [], "evidence": []}
        names = ("verdict", "by_id", "by_name", "automatic", "model", "score")
        at = events.time(pair, old.at + place * _MICROSECOND)
        event_id = events.add(pair, old.undo, at, kept, {name: getattr(old, name) for name in names})
        known = events.newest.get(pair)
        if old.undone_at is None:
            events.newest[pair] = (old.at, old.verdict), event_id, at
        else:
            events.add(pair, f"und_of_{old.undo}", old.undone_at, {}, {"undoes": event_id})
            events.newest[pair] = (known[0], known[1], at) if known else ((-1.0, ""), "", at)
    evidence: dict[tuple[str, str], list[str]] = {}
    said = "SELECT video_id, tag_id, evidence_id FROM decision_evidence WHERE origin = 'person' ORDER BY ordinal"
    for row in _all(events.connection, said):
        evidence.setdefault((row.video_id, row.tag_id), []).append(row.evidence_id)
    for row in _all(events.connection, "SELECT * FROM decisions WHERE origin = 'person' ORDER BY video_id, ordinal"):
        pair = row.video_id, row.tag_id
        lists = {"recalled_by": _json(row.recalled_by), "scores": _json(row.scores), "evidence": evidence.get(pair, [])}
        said_so = {"decision": row.decision, "confidence": row.confidence, "decided_at": row.decided_at}
        events.keep(pair, lists | said_so)
    events.flush()
    for (video_id, tag_id), ((at, _), event_id, _) in events.newest.items():
        if at >= 0.0:
            made = sa.text("SELECT at FROM review_events WHERE event_id = :event").bindparams(event=event_id)
            values = {"video": video_id, "tag": tag_id, "at": events.connection.execute(made).scalar_one()}
            same = "video_id = :video AND tag_id = :tag AND origin = 'person'"
            times = sa.text(f"UPDATE decisions SET decided_at = :at, ordinal = :ordinal WHERE {same}")
            events.connection.execute(times.bindparams(ordinal=round(values["at"] * 1e6), **values))


def _fill_queue(queue: sa.Table) -> None:
    connection = op.get_bind()
    counted = "SELECT tag_id, count(*) AS videos FROM decisions WHERE origin = 'automatic' GROUP BY tag_id"
    shared = {row.tag_id: min(int(row.videos), _MOST_SHARED) for row in _all(connection, counted)}
    waiting = (
        "SELECT a.video_id, a.tag_id, a.confidence, a.scores, p.tag_id AS decided FROM decisions AS a "
        "LEFT JOIN decisions AS p ON p.video_id = a.video_id AND p.tag_id = a.tag_id AND p.origin = 'person' "
        "WHERE a.origin = 'automatic'"
    )
    rows: list[dict[str, Any]] = []
    for row in _all(connection, waiting):
        said = [float(score) for _, score in _json(row.scores)]
        middle = sum(said) / len(said) if said else 0.0
        apart = 2.0 * math.sqrt(sum((one - middle) ** 2 for one in said) / len(said)) if said else 0.0
        distance, apart, videos = abs(row.confidence - _THRESHOLD), min(1.0, apart), shared[row.tag_id]
        chance = zlib.crc32(f"{row.video_id}\n{row.tag_id}".encode(errors="replace")) / 2**32
        alone = max(0.05, 1.0 - distance / _THRESHOLD) * (1.0 + apart) / 2.0
        value = alone * (1.0 + math.log(1 + videos) / math.log(1 + _MOST_SHARED)) / 2.0
        value *= _LEARNT / (_LEARNT + chance * videos)
        place = {"video_id": row.video_id, "tag_id": row.tag_id, "place": round(1.0 - value, 6)}
        place["alone"] = round(1.0 - alone, 6)
        why = {"uncertainty": round(distance, 6), "disagreement": round(apart, 6), "score": row.confidence}
        rows.append(place | why | {"shared": videos, "waits": row.decided is None})
        if len(rows) >= _CHUNK:
            connection.execute(sa.insert(queue), rows)
            rows.clear()
    if rows:
        connection.execute(sa.insert(queue), rows)


def _id(step: str, video_id: str, tag_id: str) -> str:
    return "rev_" + hashlib.sha256("\n".join((step, video_id, tag_id)).encode(errors="replace")).hexdigest()[:24]


def _all(connection: sa.Connection, statement: str) -> Iterator[Any]:
    yield from connection.execute(sa.text(statement)).all()


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
