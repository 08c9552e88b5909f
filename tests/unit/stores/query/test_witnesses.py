"""A number cites the rows that it comes from."""

from __future__ import annotations

import pytest

from stores.library_store import LibraryStore
from tests.unit.stores.query.planted import OBJECTS, Planted, tracklet_of
from tests.unit.stores.query.questions import QUESTIONS


def _ids(ids: dict[str, str], *objects: Planted) -> set[str]:
    return {tracklet_of(one, ids[one.video]).evidence_id for one in objects}


_DOGS = [one for one in OBJECTS if one.category == "dog"]
_CARS = [one for one in OBJECTS if one.category == "car"]
_LEFT = [one for one in OBJECTS if one.motion == "left"]
_RIGHT = [one for one in OBJECTS if one.motion == "right"]
_PARK = [one for one in OBJECTS if one.video == "park"]
_FASTEST = [one for one in OBJECTS if one.category == "car" and one.colour == "blue"]

_CITED: list[tuple[str, list[Planted]]] = [
    ("SELECT COUNT(*) FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT COUNT(*) AS n FROM tracklets AS t WHERE t.category = 'dog' ORDER BY n LIMIT 1", _DOGS),
    ("SELECT COUNT(DISTINCT video_id) FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT AVG(size), SUM(speed) FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT evidence_id, category FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT evidence_id AS cited FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT appearance FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT DISTINCT appearance FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT * FROM tracklets WHERE category = 'dog'", _DOGS),
    ("SELECT COUNT(*) FROM (SELECT * FROM tracklets WHERE category = 'dog') AS d", _DOGS),
    ("SELECT COUNT(*) FROM (SELECT DISTINCT category, appearance FROM tracklets WHERE category = 'dog')", _DOGS),
    ("WITH d AS (SELECT * FROM tracklets WHERE category = 'dog') SELECT COUNT(*) FROM d", _DOGS),
    ("WITH d AS (SELECT evidence_id AS e FROM tracklets WHERE category = 'dog') SELECT COUNT(e) FROM d", _DOGS),
    (
        "WITH d AS (SELECT * FROM tracklets), e AS (SELECT * FROM d WHERE category = 'dog') SELECT COUNT(*) FROM e",
        _DOGS,
    ),
    ("SELECT (SELECT COUNT(*) FROM tracklets WHERE category = 'dog') AS dogs", _DOGS),
    ("SELECT EXISTS (SELECT 1 FROM tracklets WHERE category = 'dog')", _DOGS),
    ("SELECT SUM(category = 'dog') FROM tracklets", _DOGS),
    ("SELECT COUNT(CASE WHEN category = 'dog' THEN 1 END) FROM tracklets", _DOGS),
    ("SELECT SUM(CASE WHEN category = 'dog' THEN 1 ELSE 0 END) FROM tracklets", _DOGS),
    ("SELECT COUNT(*) FILTER (WHERE category = 'dog') FROM tracklets", _DOGS),
    ("SELECT SUM(motion = 'left'), SUM(motion = 'right') FROM tracklets", [*_LEFT, *_RIGHT]),
    ("SELECT MAX(speed) FROM tracklets", _FASTEST),
    ("SELECT MAX(speed) FROM tracklets WHERE category = 'dog'", [one for one in _DOGS if one.motion == "down"]),
    ("SELECT MIN(first_seen) FROM tracklets WHERE category = 'car'", _CARS[:1]),
    ("SELECT category FROM tracklets ORDER BY speed DESC LIMIT 1", _FASTEST),
    ("SELECT category, COUNT(*) AS n FROM tracklets GROUP BY category HAVING COUNT(*) = 3", [*_DOGS, *_CARS]),
    ("SELECT video_id FROM tracklets WHERE category = 'dog' GROUP BY video_id ORDER BY COUNT(*) DESC LIMIT 1", _DOGS),
    ("SELECT category FROM tracklets WHERE category <> 'person' GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 1", _CARS),
    (
        "SELECT COUNT(*) FROM tracklets a JOIN tracklets b ON a.video_id = b.video_id AND a.category = 'dog' "
        "AND b.category = 'dog' AND a.evidence_id < b.evidence_id",
        _DOGS,
    ),
    ("SELECT v.name FROM videos v JOIN tracklets t USING (video_id) WHERE t.category = 'dog'", _DOGS),
    ("SELECT COUNT(*) FROM videos WHERE video_id IN (SELECT video_id FROM tracklets WHERE category = 'dog')", _DOGS),
    (
        "SELECT name FROM videos v WHERE EXISTS (SELECT 1 FROM tracklets t WHERE t.video_id = v.video_id "
        "AND category = 'dog') ORDER BY name LIMIT 5",
        _DOGS,
    ),
    (
        "SELECT name, (SELECT COUNT(*) FROM tracklets t WHERE t.video_id = v.video_id) AS n FROM videos v "
        "WHERE name = 'park.mp4' ORDER BY n DESC LIMIT 1",
        _PARK,
    ),
    (
        "SELECT evidence_id FROM tracklets WHERE category = 'dog' UNION SELECT evidence_id FROM tracklets "
        "WHERE category = 'car'",
        [*_DOGS, *_CARS],
    ),
    ("SELECT COUNT(*) FROM videos", []),
    ("SELECT COUNT(*) FROM scenes", []),
    ("SELECT COUNT(*) FROM tracklets WHERE category = 'zebra'", []),
    ("SELECT COUNT(*) FROM videos v WHERE NOT EXISTS (SELECT 1 FROM tracklets t WHERE t.video_id = v.video_id)", []),
    ("SELECT 1 + 1", []),
]


@pytest.mark.parametrize(("sql", "objects"), _CITED, ids=[sql for sql, _ in _CITED])
def test_a_result_cites_what_it_comes_from(
    planted: LibraryStore, ids: dict[str, str], sql: str, objects: list[Planted]
) -> None:
    assert set(planted.query.witnesses(sql)) == _ids(ids, *objects)
    assert planted.query.witnesses(planted.query.run(sql).sql) == planted.query.witnesses(sql)


@pytest.mark.parametrize("sql", [sql for sql, _ in QUESTIONS])
def test_every_planted_question_has_witnesses_that_exist(planted: LibraryStore, sql: str) -> None:
    cited = planted.query.witnesses(sql)
    assert set(planted.catalog.evidence(cited)) == set(cited)


def test_few_witnesses_are_of_every_group(planted: LibraryStore) -> None:
    for sql in (
        "SELECT category, COUNT(*) FROM tracklets GROUP BY category",
        "SELECT COUNT(DISTINCT category) FROM tracklets",
        "SELECT DISTINCT category FROM tracklets",
    ):
        cited = planted.query.witnesses(sql, limit=5)
        assert {line.text for line in planted.catalog.evidence(cited).values()} == {one.category for one in OBJECTS}


def test_witnesses_are_of_the_videos_that_are_there(planted: LibraryStore, ids: dict[str, str]) -> None:
    people = [one for one in OBJECTS if one.category == "person" and one.video == "park"]
    asked = "SELECT COUNT(*) FROM tracklets WHERE category = 'person'"
    assert set(planted.query.witnesses(asked, [ids["park"]])) == _ids(ids, *people)
    assert planted.query.witnesses(asked, []) == ()
