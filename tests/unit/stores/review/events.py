"""Events as people make them, on copies of one library with clocks of their own; and what must come of them."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import text

from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.tags.review.events import Event, event_id
from tests.unit.stores.builders import add_video

VERDICTS = ("accepted", "rejected", "unsure")
SOURCES = ("picture", "speech")


def made(root: Path, videos: int = 12, tags: int = 9) -> LibraryStore:
    """A library with automatic decisions about some of its videos and tags."""
    root.mkdir(parents=True)
    names = "".join(f"t{n},tag {n},{'who' if n % 2 else 'what'}\n" for n in range(tags))
    (root / "tags.csv").write_text(f"id,name,facet\n{names}")
    store = LibraryStore.open(root / "library", create=True)
    store.tags.import_csv(root / "tags.csv")
    for n in range(videos):
        video_id = add_video(store, f"video {n}")
        chosen = [tag for tag in range(tags) if (n + tag) % 3]
        store.tags.save_decisions(video_id, [automatic(video_id, f"t{tag}", (n * 7 + tag * 5) % 10) for tag in chosen])
    return store


def automatic(video_id: str, tag_id: str, tenths: int) -> Decision:
    """What was decided without people, with so many tenths of confidence."""
    score = tenths / 10
    verdict = "accepted" if score >= 0.6 else "abstained"
    scores = ((SOURCES[0], score), (SOURCES[1], score / 2))
    return Decision(video_id, tag_id, verdict, score, SOURCES, ("e1", "e2")[: tenths % 3], scores)


def pairs_of(store: LibraryStore) -> list[tuple[str, str]]:
    """Every tag of every video."""
    with store.engine.connect() as connection:
        videos = connection.execute(text("SELECT video_id FROM videos ORDER BY 1")).scalars().all()
    return [(video, tag.tag_id) for video in videos for tag in store.tags.tags()]


def happened(chance: random.Random, pairs: list[tuple[str, str]], count: int) -> list[Event]:
    """What happened on several copies of a library: verdicts in steps of one or several, of which some were undone.

    Their clocks are wrong by up to an hour; of some events the times are the same.
    """
    skew = {who: chance.uniform(-3600, 3600) for who in ("ada", "bob", "eve")}
    events: list[Event] = []
    while len(events) < count:
        who, step = chance.choice(list(skew)), f"und_{len(events):020d}"
        now = round(1e9 + len(events) // 4 + skew[who] * chance.choice((0, 1)), 6)
        if events and chance.random() < 0.25:
            undone = chance.choice(events[-200:])
            if not undone.undoes:
                events.append(event(step, undone.pair, who, now, undoes=undone.event_id))
            continue
        some = chance.sample(pairs, chance.choice((1, 1, 1, 5)))
        events += [event(step, pair, who, now, verdict=chance.choice(VERDICTS)) for pair in some]
    return events[:count]


def event(step: str, pair: tuple[str, str], who: str, at: float, verdict: str = "", undoes: str = "") -> Event:
    """One event."""
    sure = {"accepted": 1.0, "rejected": 0.0}.get(verdict, 0.5)
    kept = {"confidence": sure, "recalled_by": ["person"], "scores": [], "evidence": ["e1"]} if verdict else {}
    return Event(event_id(step, pair), step, *pair, undoes, verdict, f"usr_{who}", who, at, kept=kept)


def what_counts(events: list[Event]) -> dict[tuple[str, str], tuple[str, float]]:
    """What a reader of the rule says: of each tag of a video the last verdict that nobody took back."""
    taken = {one.undoes for one in events if one.undoes}
    found: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for one in events:
        if one.verdict and one.event_id not in taken:
            found[one.pair].append(one)
    newest = {pair: sorted(some, key=lambda one: (one.at, one.event_id))[-1] for pair, some in found.items()}
    return {pair: (one.verdict, one.at) for pair, one in newest.items()}


def state(store: LibraryStore) -> dict[str, Any]:
    """All that follows from events: decisions, what waits, what happened. Not the order in which events came."""
    columns = ", ".join(Event.__dataclass_fields__)
    with store.engine.connect() as connection:
        tables: dict[str, Any] = {
            name: connection.execute(text(f"SELECT * FROM {name} WHERE {where} ORDER BY 1, 2, 3, 4")).all()
            for name, where in (
                ("decisions", "origin = 'person'"),
                ("decision_evidence", "origin = 'person'"),
                ("review_queue", "1 = 1"),
            )
        }
        tables["events"] = connection.execute(text(f"SELECT {columns} FROM review_events ORDER BY 1")).all()
    return tables


def counting(store: LibraryStore) -> dict[tuple[str, str], tuple[str, float]]:
    """What counts by the tables."""
    with store.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT video_id, tag_id, decision, decided_at FROM decisions WHERE origin = 'person'")
        )
        return {(video, tag): (decision, at) for video, tag, decision, at in rows}
