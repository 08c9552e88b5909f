"""What the tables say, beside counts: values in their units, and every column described."""

from __future__ import annotations

from pathlib import Path

import pytest

from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from stores.query.allowed import FUNCTIONS
from stores.query.schema import schema, schema_text
from tests.unit.stores.query.asked import LIKE_SQLITE
from tests.unit.stores.query.planted import VIDEOS


def test_every_table_has_the_columns_that_the_schema_names(planted: LibraryStore) -> None:
    for table in schema().values():
        assert planted.query.run(f"SELECT * FROM {table.name}").columns == table.column_names


def test_the_schema_says_what_everything_means() -> None:
    text = schema_text()
    for table in schema().values():
        assert table.meaning
        for column in table.columns:
            assert column.meaning
            assert f"{column.name} ({column.meaning}" in text
            assert not column.name.endswith("seconds") or column.unit == "s"


def test_numbers_in_quotes_are_numbers(planted: LibraryStore) -> None:
    assert planted.query.run("SELECT COUNT(*) FROM videos WHERE '5' < seconds AND has_audio = '1'").rows == ((4,),)


def test_a_video_in_units_that_people_use(planted: LibraryStore) -> None:
    result = planted.query.run("SELECT * FROM videos WHERE name = 'STREET.MP4'")
    (row,) = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert row.pop("video_id").startswith("vid_")  # type: ignore[union-attr]
    assert row == {
        "name": "street.mp4",
        "seconds": 10.0,
        "width": 640,
        "height": 360,
        "orientation": "landscape",
        "frame_rate": 25.0,
        "has_audio": 1,
        "video_codec": "h264",
        "audio_codec": "aac",
        "container": "mp4",
        "size_bytes": 1000,
        "searchable": 0,
    }


def test_a_tracklet_has_its_movement_in_picture_widths_and_seconds(planted: LibraryStore) -> None:
    columns = "category, kinds, motion, direction, speed, size, x, y, first_seen, last_seen, end_seconds, detections"
    asked = f"SELECT {columns} FROM tracklets WHERE category = 'bicycle' OR category = 'dog' AND motion = 'nearer'"
    bicycle, dog = sorted(planted.query.run(asked).rows, key=str)
    # 0.25 of the height of a picture of 640 x 360 in two seconds.
    assert bicycle == ("bicycle", "vehicle", "up", "up", 0.0703125, 0.015625, 0.5625, 0.4375, 4.0, 6.0, 7.0, 3)
    assert dog == ("dog", "animal", "nearer", "nearer", 0.0, 0.15625, 0.5, 0.5, 5.0, 7.0, 8.0, 2)


def test_what_was_said_read_and_shown(planted: LibraryStore) -> None:
    run = planted.query.run
    said = run("SELECT start_seconds, end_seconds, text, language FROM transcript ORDER BY start_seconds").rows
    assert said[:2] == ((1.0, 2.0, "Look at the dog!", "en"), (3.0, 4.0, "ÉCOLE is over", "fr"))
    assert run("SELECT text FROM screen_text").rows == (("Omar, Chef",),)
    assert run("SELECT name, name_zh, kinds, confidence, peak FROM labels").rows == (
        ("kitchen", "厨房", "room", 0.25, 0.5),
    )
    assert run("SELECT text, confidence FROM captions").rows == (("a man cooks", 0.7),)
    assert run("SELECT start_seconds, end_seconds FROM scenes ORDER BY 1").rows == ((0.0, 4.0), (4.0, 10.0))
    assert run("SELECT keyframe_seconds FROM clips").rows == ((2.0,),)


def test_a_persons_decision_stands_in_place_of_the_automatic_one(planted: LibraryStore) -> None:
    asked = "SELECT v.name, tag, decision, origin FROM tags t JOIN videos v USING (video_id) ORDER BY v.name, tag"
    assert planted.query.run(asked).rows == (
        ("kitchen.mp4", "Animals", "rejected", "person"),
        ("kitchen.mp4", "Cooking", "accepted", "automatic"),
        ("park.mp4", "Animals", "accepted", "automatic"),
    )


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("%DOG%", "Look at the dog!"),
        ("%école%", "ÉCOLE is over"),
        ("%电脑%", "这是电脑"),
        ("%電腦%", "这是电脑"),
        ("100!% %", "100% sure_thing"),
    ],
)
def test_words_are_found_whatever_their_case_and_characters(planted: LibraryStore, pattern: str, found: str) -> None:
    asked = f"SELECT text FROM transcript WHERE text LIKE '{pattern}' ESCAPE '!'"
    assert planted.query.run(asked).rows == ((found,),)


@pytest.mark.parametrize("sql", LIKE_SQLITE)
def test_what_people_write_runs(planted: LibraryStore, sql: str) -> None:
    result = planted.query.run(sql)
    assert planted.query.run(result.sql) == result


def test_rows_and_bytes_are_bounded_and_it_is_said(planted: LibraryStore) -> None:
    every = "SELECT a.evidence_id FROM tracklets a, tracklets b, tracklets c ORDER BY 1"
    few = planted.query.run(every, max_rows=3)
    assert (len(few.rows), few.truncated) == (3, True)
    assert not planted.query.run("SELECT name FROM videos", max_rows=4).truncated
    assert not planted.query.run("SELECT name FROM videos LIMIT 2", max_rows=4).truncated
    wide = ", ".join(["a.category_zh || b.category_zh || c.text"] * 4)
    asked = f"SELECT {wide}, {', '.join(['c.text'] * 80)} FROM tracklets a, tracklets b, transcript c, transcript d"
    cut = planted.query.run(asked, max_rows=10_000, seconds=10)
    assert cut.truncated
    assert sum(len(str(value)) for row in cut.rows for value in row) < 1_100_000


def test_only_some_videos_are_there(planted: LibraryStore, ids: dict[str, str]) -> None:
    """However it is asked: the videos are part of every view."""
    only = [ids["park"]]
    for sql, answer in {
        "SELECT COUNT(*) FROM videos": 1,
        "SELECT COUNT(*) FROM tracklets": 5,
        "SELECT COUNT(*) FROM tracklets WHERE 1 = 1 OR video_id IS NOT NULL": 5,
        f"SELECT COUNT(*) FROM tracklets WHERE video_id = '{ids['street']}'": 0,
        "SELECT COUNT(*) FROM tags": 1,
        "WITH t AS (SELECT * FROM tracklets) SELECT COUNT(*) FROM t": 5,
        "SELECT (SELECT COUNT(*) FROM tracklets)": 5,
        "SELECT COUNT(*) FROM (SELECT 1 FROM videos UNION ALL SELECT 1 FROM tracklets)": 6,
        "SELECT COUNT(*) FROM tracklets a RIGHT JOIN videos b ON 1 = 1 WHERE b.name <> 'park.mp4'": 0,
        "SELECT COUNT(*) FROM videos a FULL JOIN videos b ON a.video_id <> b.video_id": 2,
        f"SELECT EXISTS (SELECT 1 FROM videos WHERE video_id = '{ids['street']}')": 0,
        "SELECT MAX(name) FROM videos": "park.mp4",
        "WITH stage_runs AS (SELECT 1 AS active), videos_2 AS (SELECT * FROM videos) SELECT COUNT(*) FROM videos_2": 1,
    }.items():
        assert planted.query.run(sql, only).rows == ((answer,),), sql
        assert planted.query.run(sql, []).rows[0][0] in (0, None)
    names = planted.query.run("SELECT name FROM videos ORDER BY name", ids.values()).rows
    assert names == tuple((f"{name}.mp4",) for name in sorted(VIDEOS))


@pytest.mark.parametrize("video_id", ["", "a,b", "x'y", 'x"y', "x') OR (1=1", "a b", "é", "%"])
def test_what_is_no_id_cannot_widen_what_is_seen(planted: LibraryStore, ids: dict[str, str], video_id: str) -> None:
    with pytest.raises(UsageError, match="QUERY_REFUSED"):
        planted.query.run("SELECT COUNT(*) FROM videos", [ids["park"], video_id])


def test_the_page_about_sql_names_every_table_column_and_function() -> None:
    page = (Path(__file__).parents[4] / "docs" / "sql.md").read_text(encoding="utf-8")
    for table in schema().values():
        described = page.partition(f"## {table.name}\n")[2].partition("\n## ")[0]
        rows = [f"| {one.name} | {one.meaning} | {one.unit} |" for one in table.columns]
        assert [line for line in described.splitlines() if line.startswith("| ")][1:] == rows
    assert all(name in page for name in FUNCTIONS.values())
