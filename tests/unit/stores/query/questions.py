"""Sixty questions about the planted library, and what is true: counted in Python, from what was planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.unit.stores.query.planted import OBJECTS, VIDEOS, Planted

Answer = str | int | float | None


def _of(*categories: str, **fields: str) -> list[Planted]:
    return [
        one
        for one in OBJECTS
        if (not categories or one.category in categories)
        and all(getattr(one, key) == value for key, value in fields.items())
    ]


def _size(one: Planted) -> float:
    return sum((x1 - x0) * (y1 - y0) for _, x0, y0, x1, y1 in one.path) / len(one.path)


def _speed(one: Planted) -> float:
    (t0, *a), (t1, *b) = one.path[0], one.path[-1]
    across, down = (b[0] + b[2] - a[0] - a[2]) / 2, (b[1] + b[3] - a[1] - a[3]) / 2 * 360 / 640
    return float((across**2 + down**2) ** 0.5 / (t1 - t0)) if t1 > t0 else -1.0


def _at_once(objects: Sequence[Planted]) -> int:
    moments = {(one.video, one.first) for one in objects}
    return max(sum(one.video == video and one.first <= at <= one.last for one in objects) for video, at in moments)


def _pairs(some: Sequence[Planted], others: Sequence[Planted]) -> int:
    return sum(a.video == b.video and a.first <= b.last and b.first <= a.last for a in some for b in others)


_COUNT = "SELECT COUNT(*) FROM tracklets WHERE "
_AT_ONCE = (
    "SELECT MAX(n) FROM (SELECT a.evidence_id, COUNT(*) AS n FROM tracklets a JOIN tracklets b "
    "ON b.video_id = a.video_id AND b.first_seen <= a.first_seen "
    "AND b.last_seen >= a.first_seen WHERE {} GROUP BY a.evidence_id)"
)
_PAIRS = (
    "SELECT COUNT(*) FROM tracklets a JOIN tracklets b ON a.video_id = b.video_id AND a.first_seen <= b.last_seen "
    "AND b.first_seen <= a.last_seen WHERE a.category = '{}' AND b.category = '{}'"
)

_CATEGORIES = ("dog", "person", "car", "hot dog", "bicycle")
_MOTIONS = ("still", "left", "right", "up", "down", "nearer", "farther", "wandering")

_COUNTS: list[tuple[str, Callable[[Planted], bool]]] = [
    *((f"category = '{one}'", lambda item, one=one: item.category == one) for one in _CATEGORIES),
    *((f"motion = '{one}'", lambda item, one=one: item.motion == one) for one in _MOTIONS),
    ("category = 'Dog'", lambda item: item.category == "dog"),
    ("category LIKE 'DOG'", lambda item: item.category == "dog"),
    ("category LIKE '%dog'", lambda item: item.category in ("dog", "hot dog")),
    ("category_zh = '狗'", lambda item: item.category == "dog"),
    ("category_zh LIKE '%狗%'", lambda item: item.category in ("dog", "hot dog")),
    ("category_zh = '汽車'", lambda item: item.category == "car"),
    ("kinds = 'vehicle'", lambda item: item.category in ("car", "bicycle")),
    ("kinds IN ('animal', 'food')", lambda item: item.category in ("dog", "hot dog")),
    ("appearance LIKE '%red%'", lambda item: "red" in item.colour),
    ("appearance = 'red'", lambda item: item.colour == "red"),
    ("category <> 'person'", lambda item: item.category != "person"),
    ("direction IS NULL", lambda item: item.motion in ("still", "wandering")),
    ("direction IN ('left', 'right')", lambda item: item.motion in ("left", "right")),
    ("speed > 0.1", lambda item: _speed(item) > 0.1),
    ("speed IS NULL", lambda item: len(item.path) == 1),
    ("speed = 0.125", lambda item: _speed(item) == 0.125),
    ("size >= 0.25", lambda item: _size(item) >= 0.25),
    ("size BETWEEN 0.01 AND 0.02", lambda item: 0.01 <= _size(item) <= 0.02),
    ("first_seen < 2", lambda item: item.first < 2),
    ("last_seen >= 8", lambda item: item.last >= 8),
    ("first_seen <= 4 AND end_seconds > 4", lambda item: item.first <= 4 < item.last + 1),
    ("end_seconds - start_seconds > 5", lambda item: item.last + 1 - item.first > 5),
    ("audio = 'speech'", lambda item: item.audio == "speech"),
    ("audio = 'sound' AND category = 'person'", lambda item: item.audio == "sound" and item.category == "person"),
    ("confidence >= 0.9", lambda item: item.confidence >= 0.9),
    ("detections = 1", lambda item: len(item.path) == 1),
    (
        "NOT (category = 'person' OR motion = 'still')",
        lambda item: item.category != "person" and item.motion != "still",
    ),
]

QUESTIONS: list[tuple[str, Answer]] = [
    *((_COUNT + where, sum(map(true, OBJECTS))) for where, true in _COUNTS),
    ("SELECT COUNT(*) FROM tracklets", len(OBJECTS)),
    ("SELECT COUNT(DISTINCT category) FROM tracklets", len({one.category for one in OBJECTS})),
    (
        "SELECT COUNT(DISTINCT video_id) FROM tracklets WHERE category = 'person'",
        len({one.video for one in _of("person")}),
    ),
    ("SELECT COUNT(*) FROM videos", len(VIDEOS)),
    ("SELECT COUNT(*) FROM videos v WHERE NOT EXISTS (SELECT 1 FROM tracklets t WHERE t.video_id = v.video_id)", 1),
    ("SELECT COUNT(*) FROM videos WHERE video_id IN (SELECT video_id FROM tracklets WHERE category = 'dog')", 1),
    ("SELECT MIN(first_seen) FROM tracklets WHERE category = 'bicycle'", _of("bicycle")[0].first),
    ("SELECT MAX(last_seen) FROM tracklets WHERE category = 'dog'", max(one.last for one in _of("dog"))),
    ("SELECT MAX(speed) FROM tracklets", max(map(_speed, OBJECTS))),
    ("SELECT category FROM tracklets ORDER BY speed DESC LIMIT 1", max(OBJECTS, key=_speed).category),
    ("SELECT category FROM tracklets GROUP BY category ORDER BY COUNT(*) DESC LIMIT 1", "person"),
    ("SELECT SUM(size) FROM tracklets", sum(map(_size, OBJECTS))),
    ("SELECT AVG(x) FROM tracklets WHERE category = 'hot dog'", 0.3125),
    ("SELECT SUM(motion = 'left') FROM tracklets", len(_of(motion="left"))),
    ("SELECT COUNT(*) FILTER (WHERE motion = 'still') FROM tracklets", len(_of(motion="still"))),
    (_AT_ONCE.format("1 = 1"), _at_once(OBJECTS)),
    (_AT_ONCE.format("a.category = 'dog' AND b.category = 'dog'"), _at_once(_of("dog"))),
    (_AT_ONCE.format("a.category = 'car' AND b.category = 'car'"), _at_once(_of("car"))),
    (_PAIRS.format("person", "dog"), _pairs(_of("person"), _of("dog"))),
    (_PAIRS.format("person", "car"), _pairs(_of("person"), _of("car"))),
    (
        "WITH cars AS (SELECT * FROM tracklets WHERE category = 'car') SELECT COUNT(*) FROM cars a JOIN cars b "
        "ON a.video_id = b.video_id AND a.first_seen < b.first_seen",
        3,
    ),
    (
        "SELECT v.name FROM tracklets t JOIN videos v ON v.video_id = t.video_id "
        "GROUP BY v.name ORDER BY COUNT(*) DESC LIMIT 1",
        "street.mp4",
    ),
    (
        "SELECT COUNT(*) FROM (SELECT category, ROW_NUMBER() OVER (PARTITION BY video_id ORDER BY first_seen) AS place "
        "FROM tracklets) WHERE place = 1",
        3,
    ),
    ("SELECT COUNT(*) FROM (SELECT category FROM tracklets UNION SELECT motion FROM tracklets)", 13),
]
"""Each with the one value of its result."""
