"""Full-text search in English and Chinese, for any query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from stores.library_store import LibraryStore
from stores.sql.fulltext import spaced
from stores.sql.fulltext_common import COMMON
from stores.sql.fulltext_sqlite import expression
from stores.sql.fulltext_terms import terms_of
from tests.unit.stores.builders import add_video, label, put, utterance

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30)


def matches(body: str, query: str) -> bool:
    """Whether SQLite itself finds ``body`` for ``query``."""
    terms = terms_of(query)
    if not terms:
        return False
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize = 'unicode61')")
        connection.execute("INSERT INTO t VALUES (?)", (spaced(body),))
        return bool(connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (expression(terms),)).fetchall())
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
        ("戰爭與歷史圖書館", "图书馆", True),
        ("乌龟观赏鱼专卖店", "烏龜觀賞魚", True),
        ("Die Straße", "strasse", True),
        ("Die Strasse", "Straße", True),
        ("Cafe\u0301 Central", "café", True),
        ("under_score", "score", True),
    ],
)
def test_what_finds_what(body: str, query: str, found: bool) -> None:
    assert matches(body, query) is found


def test_nothing_left_is_none() -> None:
    assert not terms_of("")
    assert not terms_of("?! … 。")
    assert not terms_of("what is the")


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


def test_a_query_is_read_up_to_its_thousandth_character() -> None:
    assert matches("needle", f"{'the ' * 200} needle")
    assert not matches("needle", f"{'the ' * 300} needle")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LibraryStore, dict[str, str]]]:
    """A library in which "street" and "market" are common words and "zebra" is rare."""
    with LibraryStore.open(tmp_path_factory.mktemp("large") / "library", create=True) as store:
        videos = {name: add_video(store, f"{name}.mp4") for name in ("old", "middle", "new")}
        old = videos["old"]
        put(store, old, "speech", utterance(old, 0, "the zebra crosses a street"), utterance(old, 20, "quiet street"))
        middle = videos["middle"]
        lines = [utterance(middle, 20 * n, "a street with houses") for n in range(COMMON)]
        stalls = [utterance(middle, 20 * n, "the market is open") for n in range(COMMON, 2 * COMMON)]
        put(store, middle, "speech", *lines, utterance(middle, 400_000, "a market street in town"), *stalls)
        new = videos["new"]
        put(store, new, "speech", *(utterance(new, 20 * n, f"street number {n}") for n in range(50)))
        put(store, new, "labels", label(new, 0, "street", "街道"))
        yield store, videos


def test_a_rare_word_beside_a_common_one_decides(large: tuple[LibraryStore, dict[str, str]]) -> None:
    store, videos = large
    best, *_ = store.fulltext.search("a zebra in the street", 10)
    assert best.evidence_id == utterance(videos["old"], 0, "the zebra crosses a street").evidence_id


def test_lines_with_both_common_words_come_first(large: tuple[LibraryStore, dict[str, str]]) -> None:
    store, videos = large
    best, second, *_ = store.fulltext.search("street market", 10)
    assert best.evidence_id == utterance(videos["middle"], 400_000, "a market street in town").evidence_id
    assert best.score > second.score


def test_of_a_common_word_the_newest_lines_are_found(large: tuple[LibraryStore, dict[str, str]]) -> None:
    store, videos = large
    hits = store.fulltext.search("street", 40)
    assert len(hits) == 40
    assert hits[0].video_id == videos["new"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_common_words_are_found_in_the_videos_and_channels_that_are_asked_for(
    large: tuple[LibraryStore, dict[str, str]],
) -> None:
    store, videos = large
    old = store.fulltext.search("street", 10, video_ids=[videos["old"]])
    lines = [store.catalog.evidence([hit.evidence_id])[hit.evidence_id].text for hit in old]
    assert lines == ["quiet street", "the zebra crosses a street"]
    (seen,) = store.fulltext.search("street", 10, channels=["picture"])
    assert seen.video_id == videos["new"]
    assert len(store.fulltext.search("street market", 20_000)) > 1
    assert store.fulltext.search("street", 10, video_ids=[]) == []


def test_what_common_words_cost_does_not_depend_on_how_many_lines_hold_them(
    large: tuple[LibraryStore, dict[str, str]],
) -> None:
    store, _ = large
    read: list[int] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        read.append(statement.count("bm25") + statement.count("ORDER BY rank"))

    store.fulltext.search("street", 10)
    assert read
    assert not sum(read)
