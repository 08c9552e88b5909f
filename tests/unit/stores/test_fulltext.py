"""Words find lines, in English and in Chinese, whatever is typed."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.library_store import LibraryStore
from stores.sql.fulltext import match_expression, spaced
from tests.unit.stores.builders import add_video, label, put, utterance

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30)


def matches(body: str, query: str) -> bool:
    """Whether SQLite itself finds ``body`` for ``query``."""
    expression = match_expression(query)
    if expression is None:
        return False
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize = 'unicode61')")
        connection.execute("INSERT INTO t VALUES (?)", (spaced(body),))
        return bool(connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (expression,)).fetchall())
    finally:
        connection.close()


@given(HAN, st.data())
def test_any_two_neighbouring_chinese_characters_find_their_line(body: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(body) - 2))
    assert matches(f"OK, {body} 123", body[first : first + 2])


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_the_search(query: str) -> None:
    matches("anything", query)


@pytest.mark.parametrize(
    "query", ['"', '" OR "', "a* NEAR(b", "x AND", "NOT", "body: x", "^x", "x\0y", "-x", "(((", "{a b}: c", "'; --"]
)
def test_operators_are_words(query: str) -> None:
    matches("anything", query)


@pytest.mark.parametrize(
    ("body", "query", "found"),
    [
        ("a man is skateboarding", "skate", True),
        ("a man is skateboarding", "the man's board", True),
        ("a man is skateboarding", "dog", False),
        ("a man is skateboarding", "is a the", False),
        ("a red car", "ca", False),
        ("Café Zürich", "cafe zurich", True),
        ("他在玩滑板", "滑板", True),
        ("他在玩滑板", "板滑", False),
        ("他在玩滑板", "玩", True),
        ("他在玩滑板 with GoPro", "gopro", True),
        ("ＧｏＰｒｏ１２", "gopro12", True),
        ("gopro12玩滑板", "玩滑", True),
        ("スケートボード", "ボード", True),
        ("스케이트보드", "보드", True),
        ("unicode 𠀀𠀁 rare", "𠀀𠀁", True),
    ],
)
def test_what_finds_what(body: str, query: str, found: bool) -> None:
    assert matches(body, query) is found


def test_nothing_left_is_none() -> None:
    assert match_expression("") is None
    assert match_expression("?! … 。") is None
    assert match_expression("what is the") is None


def test_a_very_long_query_is_cut() -> None:
    assert matches("word0", " ".join(f"word{n}" for n in range(5000)))


def test_hits_are_ranked_and_restricted(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    put(store, first, "speech", utterance(first, 0, "dog dog dog"), utterance(first, 20, "a dog in a very long line"))
    put(store, second, "labels", label(second, 0, "dog", "狗"))
    hits = store.fulltext.search("dog", 10)
    assert len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(store.fulltext.search("dog", 2)) == 2
    assert {hit.video_id for hit in store.fulltext.search("dog", 10, video_ids=[second])} == {second}
    assert {hit.channel for hit in store.fulltext.search("dog", 10, channels=["speech"])} == {"speech"}
    assert store.fulltext.search("dog", 10, video_ids=[]) == []
    assert store.fulltext.search("dog", 10, channels=[]) == []
    assert store.fulltext.search("the", 10) == []
