"""The contract of a library, in its folder and on servers alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, create_engine, inspect, text

from stores.core.errors import StoreError
from stores.core.records import Blob, Caption, Clip, Decision, Script, StageKey, StageOutput, Tag
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.sql.database import writing
from stores.sql.fulltext_common import COMMON
from stores.sql.opening import MIGRATIONS
from tests.unit.stores.builders import (
    COLLECTION,
    add_video,
    begun,
    label,
    put,
    span,
    tracklet,
    utterance,
    vector_item,
)

Elsewhere = Callable[[LibraryStore], LibraryStore]


def test_committed_results_are_visible_everywhere(store: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    said, seen = utterance(video_id, 0, "naïve “quotes” 滑板 \0 \ud800"), tracklet(video_id, "dog", "brown", "runs")
    put(store, video_id, "speech", said)
    put(store, video_id, "tracklets", seen, vectors=[vector_item("a", 1, 0)], blobs=[Blob("x.bin", b"\0\xff" * 9)])
    other = elsewhere(store)
    assert other.catalog.video(video_id) == store.catalog.video(video_id)
    assert other.catalog.records(video_id, "tracklets") == (seen,)
    (stored,) = other.catalog.records(video_id, "speech")
    assert (stored.span, stored.text) == (said.span, "naïve “quotes” 滑板 � �")  # type: ignore[union-attr]
    assert other.memory(video_id).blob("tracklets", "x.bin") == b"\0\xff" * 9
    assert [hit.vector_id for hit in other.vectors.query(COLLECTION, np.array([1, 0], np.float32), 5)] == ["a:f1"]
    assert {found.text for found in other.catalog.evidence_of(video_id)} >= {"dog", "naïve “quotes” 滑板 � �"}
    assert other.ledger.done_fingerprints(video_id) == {"probe": "f1", "speech": "f1", "tracklets": "f1"}


def test_what_was_recognised_is_found_by_clip(store: LibraryStore) -> None:
    labelled, bare = add_video(store), add_video(store, "bare.mp4")
    first, second = Clip("clp_1", span(0, 12_800), 0), Clip("clp_2", span(25_600, 38_400), 25_600)
    put(store, labelled, "labels", label(labelled, 0, "taxi", "出租车"), label(labelled, 0, "bus", "公交车"))
    put(store, labelled, "tracklets", tracklet(labelled, "dog", "brown", "runs"))  # ends where the second clip begins
    clips = [(labelled, first), (labelled, second), (bare, Clip("clp_3", span(0, 9), 0))]
    assert store.catalog.recognised_in(clips, ["in:taxi", "coco:18", "in:ship"]) == {
        "clp_1": {"in:taxi": 0.25, "coco:18": 0.8},
        "clp_2": {},
    }
    assert store.catalog.recognised_in(clips, []) == store.catalog.recognised_in([], ["in:taxi"]) == {}
    put(store, labelled, "labels", label(labelled, 0, "ship", "船"), fingerprint="f2")
    assert store.catalog.recognised_in(clips, ["in:taxi", "in:ship"])["clp_1"] == {"in:ship": 0.25}


def test_captions_are_evidence_with_or_without_a_score(store: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    where = span(0, 12_800)
    measured = Caption(f"cap_{video_id}_1", where, "a man plays the drums", "clp_1", "blip@1", (6_400,), 0.9)
    guessed = Caption(f"cap_{video_id}_2", where, "somebody makes music", "clp_1", "blip@1", (3_200, 9_600))
    script = Script(f"scr_{video_id}", where, "A man plays the drums.", "llm@endpoint", (measured.evidence_id,))
    put(store, video_id, "captions", measured, guessed)
    put(store, video_id, "script", script)
    other = elsewhere(store)
    assert other.catalog.records(video_id, "captions") == (measured, guessed)
    assert other.catalog.records(video_id, "script") == (script,)
    found = {line.evidence_id: (line.channel, line.confidence) for line in other.catalog.evidence_of(video_id)}
    assert found[measured.evidence_id] == ("caption", 0.9)
    assert found[guessed.evidence_id] == ("caption", 0.5)
    assert found[script.evidence_id] == ("script", 0.5)
    assert {hit.channel for hit in other.fulltext.search("drums", 5)} == {"caption", "script"}
    assert other.catalog.described("captions") == {video_id: 2}


def test_a_new_fingerprint_replaces_everything_at_once(store: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    other = elsewhere(store)
    put(store, video_id, "speech", utterance(video_id, 0, "old words"), vectors=[vector_item("a", 1, 0)])
    assert other.fulltext.search("old", 5)
    before = other.catalog.revision()
    fresh = vector_item("b", 0, 1, fp="f2")
    put(store, video_id, "speech", utterance(video_id, 0, "new words"), fingerprint="f2", vectors=[fresh])
    assert other.catalog.revision() > before
    assert not other.fulltext.search("old", 5)
    assert [hit.score > 0 for hit in other.fulltext.search("new", 5)] == [True]
    assert [hit.vector_id for hit in other.vectors.query(COLLECTION, np.array([1, 0], np.float32), 5)] == ["b:f2"]
    assert dict(store.vectors.stored()) == {COLLECTION: ["b:f2"]}
    assert {blob.key.fingerprint for blob in store.blobs.stored() if blob.key.stage == "speech"} <= {"f2"}


def test_a_stale_attempt_changes_nothing(store: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    late = begun(store, video_id, "speech")
    winner = begun(elsewhere(store), video_id, "speech")
    assert winner.number == late.number + 1
    with pytest.raises(StoreError, match="STALE_ATTEMPT"):
        store.commit(late, StageOutput((utterance(video_id, 0, "late"),)))
    assert store.catalog.records(video_id, "speech") == ()
    store.commit(winner, StageOutput((utterance(video_id, 0, "first"),)))
    assert store.fulltext.search("late", 5) == []


def test_three_lost_workers_quarantine_the_stage(store: LibraryStore) -> None:
    video_id = add_video(store)
    for _ in range(3):
        begun(store, video_id, "pictures")
    ended = store.ledger.begin(StageKey(video_id, "pictures", "f1"), "tester")
    assert (getattr(ended, "status", ""), getattr(ended, "error_code", "")) == ("quarantined", "WORKER_LOST")


@pytest.mark.parametrize(
    ("body", "query", "found"),
    [
        ("a man is skateboarding", "skate", True),
        ("a man is skateboarding", "dog", False),
        ("a red car", "ca", False),
        ("Café Zürich", "cafe zurich", True),
        ("École", "ECOLE", True),
        ("see foo/bar, e-mail me@host.org", "bar", True),
        ("see foo/bar, e-mail me@host.org", "mail", True),
        ("version 1e5 or 3.14", "14", True),
        ("他在玩滑板", "滑板", True),
        ("他在玩滑板", "板滑", False),
        ("他在玩滑板", "玩", True),
        ("他在玩滑板 with GoPro", "gopro", True),
        ("ＧｏＰｒｏ１２", "gopro12", True),
        ("スケートボード", "ボード", True),
        ("ガ", "カ", False),
        ("스케이트보드", "보드", True),
        ("unicode 𠀀𠀁 rare", "𠀀𠀁", True),
        ("戰爭與歷史圖書館", "图书馆", True),
        ("乌龟观赏鱼专卖店", "烏龜觀賞魚", True),
        ("Die Straße", "strasse", True),
        ("Die Strasse", "Straße", True),
        ("Cafe\u0301 Central", "café", True),
    ],
)
def test_which_queries_find_a_line(one_store: LibraryStore, body: str, query: str, found: bool) -> None:
    video_id = add_video(one_store, f"{one_store.catalog.revision()}.mp4")
    put(one_store, video_id, "speech", utterance(video_id, 0, body))
    assert bool(one_store.fulltext.search(query, 5, [video_id])) is found


@given(
    st.text(max_size=80) | st.lists(st.sampled_from(["'", ":*", "a' & 'b", "<->", "\\", "x" * 3000, "!", "|", "%s"]))
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_breaks_the_search(one_store: LibraryStore, query: str | list[str]) -> None:
    one_store.fulltext.search(query if isinstance(query, str) else " ".join(query), 5)


def test_common_words_are_found_with_others_and_newest_first(store: LibraryStore) -> None:
    old, middle, new = (add_video(store, f"{name}.mp4") for name in ("old", "middle", "new"))
    rare = utterance(old, 0, "the zebra crosses a street")
    put(store, old, "speech", rare, utterance(old, 20, "quiet street"))
    lines = [utterance(middle, 20 * n, "a street with houses") for n in range(COMMON)]
    stalls = [utterance(middle, 20 * n, "the market is open") for n in range(COMMON, 2 * COMMON)]
    both = utterance(middle, 400_000, "a market street in town")
    put(store, middle, "speech", *lines, both, *stalls)
    put(store, new, "speech", utterance(new, 0, "street number 1"))
    put(store, new, "labels", label(new, 0, "street", "街道"))
    assert store.fulltext.search("a zebra in the street", 10)[0].evidence_id == rare.evidence_id
    assert store.fulltext.search("street market", 10)[0].evidence_id == both.evidence_id
    assert {hit.video_id for hit in store.fulltext.search("street", 2)} == {new}
    assert {hit.video_id for hit in store.fulltext.search("street", 9, video_ids=[old])} == {old}
    assert {hit.video_id for hit in store.fulltext.search("street", 9, channels=["picture"])} == {new}
    assert store.fulltext.search("street", 9, channels=["picture"], video_ids=[old]) == []


@contextmanager
def at_revision(revision: str) -> Iterator[Connection]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


def tables_of(revision: str) -> set[str]:
    with at_revision(revision) as connection:
        return set(inspect(connection).get_table_names())


def indexes_of(connection: Connection) -> set[str]:
    found = inspect(connection)
    indexes = [one for table in found.get_table_names() for one in found.get_indexes(table)]
    return {str(one["name"]) for one in indexes if not one.get("duplicates_constraint")}


def former_indexes(revision: str) -> set[str]:
    with at_revision(revision) as connection:
        return indexes_of(connection)


def view_of(revision: str) -> str:
    """How a revision makes the view of evidence, in words of both databases."""
    with at_revision(revision) as connection:
        return str(connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'evidence'")).scalar_one())


def test_words_kept_under_former_keys_are_found_after_an_upgrade(
    store: LibraryStore, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    video_id = add_video(store)
    put(store, video_id, "speech", utterance(video_id, 0, "Straße 戰爭與歷史圖書館"))
    (tmp_path / "tags.csv").write_text("id,name,aliases\nt1,圖書館,Bücherei\n", encoding="utf-8")
    store.tags.import_csv(tmp_path / "tags.csv")
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE evidence_fts SET body = 'Straße 戰 爭 與 歷 史 圖 書 館'"))
        connection.execute(text("UPDATE tags SET folded = name"))
        connection.execute(text("UPDATE tag_aliases SET folded = lower(alias)"))
        connection.execute(text("DELETE FROM counters WHERE name = 'text_keys'"))
        connection.execute(text("DROP TABLE tag_vectors"))
        connection.execute(text("ALTER TABLE speech_activities RENAME TO voices"))
        for name in indexes_of(connection) - former_indexes("0005"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("DROP VIEW evidence"))  # it names tables that were not there
        before = view_of("0005")
        later = set(inspect(connection).get_table_names()) - tables_of("0005")
        now = MetaData()
        now.reflect(connection, only=sorted(later))
        now.drop_all(connection, [table for name, table in now.tables.items() if name in later])
        connection.execute(text(before))
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE evidence_fts DROP COLUMN line"))
    assert store.tags.find("图书馆") is None
    opened = elsewhere(store)
    for query in ("图书馆", "圖書館", "strasse"):
        assert [hit.video_id for hit in opened.fulltext.search(query, 5)] == [video_id]
    for name in ("图书馆", "BUCHEREI"):
        assert getattr(opened.tags.find(name), "tag_id", "") == "t1"
    assert opened.catalog.evidence_of(video_id, "speech")[0].text == "Straße 戰爭與歷史圖書館"


def test_rare_words_count_more_and_filters_hold(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    lines = [utterance(first, 20 * n, f"the dog walks along street number {n}") for n in range(20)]
    put(store, first, "speech", *lines, utterance(first, 900, "the dog and the zebra walk along street"))
    put(store, second, "labels", label(second, 0, "dog", "狗"))
    best, *others = store.fulltext.search("dog zebra", 30)
    assert best.evidence_id == utterance(first, 900, "the dog and the zebra walk along street").evidence_id
    assert len(others) == 21
    assert best.score > others[0].score
    scores = [hit.score for hit in others]
    assert scores == sorted(scores, reverse=True)
    assert len(store.fulltext.search("dog", 2)) == 2
    assert {hit.video_id for hit in store.fulltext.search("dog", 10, video_ids=[second])} == {second}
    assert {hit.channel for hit in store.fulltext.search("dog", 10, channels=["picture"])} == {"picture"}
    assert store.fulltext.search("dog", 10, video_ids=[]) == []
    assert store.fulltext.search("dog", 10, channels=[]) == []


def test_vectors_are_filtered_and_ranked(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    spoken = vector_item("c", 0.9, 0.1, channel="speech", start=200)
    put(store, first, "vectors", vectors=[vector_item("a", 1, 0), vector_item("b", 0, 1, start=100), spoken])
    put(store, second, "vectors", vectors=[vector_item("d", 0.8, 0.2)])
    asked = np.array([1, 0], np.float32)
    hits = store.vectors.query(COLLECTION, asked, 10)
    assert [hit.vector_id for hit in hits] == ["a:f1", "c:f1", "d:f1", "b:f1"]
    assert hits[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert [h.vector_id for h in store.vectors.query(COLLECTION, asked, 9, channels=["speech"])] == ["c:f1"]
    assert [h.vector_id for h in store.vectors.query(COLLECTION, asked, 9, video_ids=[second])] == ["d:f1"]
    found, matrix = store.vectors.fetch(COLLECTION, video_ids=[first])
    assert (len(found), matrix.shape) == (3, (3, 2))


def test_many_vectors_go_in_batches_and_are_found(served: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.vectors.store.RANKED_EXACTLY", 10)
    store, video_id = served, add_video(served)
    angles = np.linspace(0, 3, 6000)
    items = [vector_item(f"n{n}", np.cos(a), np.sin(a)) for n, a in enumerate(angles)]
    put(store, video_id, "vectors", vectors=items)
    assert store.vectors.count(COLLECTION) == 6000
    (hit,) = store.vectors.query(COLLECTION, np.array([1, 0], np.float32), 1)
    assert hit.vector_id == "n0:f1"


def test_sweeping_removes_only_orphans(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "pictures", vectors=[vector_item("a", 1, 0)], blobs=[Blob("p.npz", b"1")])
    stray = StageKey(video_id, "pictures", "lost")
    store.blobs.put(stray, Blob("q.npz", b"22"))
    store.vectors.upsert([vector_item("stray", 0, 1, fp="lost")], stray)
    name = store.staging_area.write(stray, StageOutput())
    assert store.staging_area.names() == [name]
    swept = sweep(store)
    assert (swept.blobs, swept.vectors, swept.staged) == (1, 1, 1)
    assert store.staging_area.names() == []
    assert not store.blobs.exists(stray, "q.npz")
    assert store.memory(video_id).blob("pictures", "p.npz") == b"1"
    assert dict(store.vectors.stored()) == {COLLECTION: ["a:f1"]}
    again = sweep(store)
    assert (again.blobs, again.vectors, again.staged) == (0, 0, 0)


def test_staged_outputs_can_be_read_on_another_machine(store: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    key, output = StageKey(video_id, "speech", "f1"), StageOutput((utterance(video_id, 0, "hello 你好"),))
    name = elsewhere(store).staging_area.write(key, output)
    assert store.staging_area.read(name) == (key, output)
    store.staging_area.delete(name)
    store.staging_area.delete(name)
    with pytest.raises(StoreError, match="WORKER_LOST"):
        store.staging_area.read(name)
    with pytest.raises(ValueError):
        store.staging_area.read("../blobs/x.npz")


def test_tags_decisions_and_runs(store: LibraryStore, tmp_path: Path, elsewhere: Elsewhere) -> None:
    video_id = add_video(store)
    table = tmp_path / "tags.csv"
    table.write_text("id,name,facet,aliases\nt1,Dog,who,狗;puppy\nt2,Ｗalk,what,\n", encoding="utf-8")
    assert store.tags.import_csv(table).added == 2
    other = elsewhere(store)
    assert [tag.tag_id for tag in other.tags.tags()] == ["t1", "t2"]
    assert isinstance(other.tags.find("狗"), Tag)
    decision = Decision(video_id, "t1", "accepted", 0.9, ("speech",), ("utt_1", "utt_2"), (("speech", 0.5),))
    store.tags.save_decisions(video_id, [decision])
    assert other.tags.decisions(video_id) == [decision]
    first, second = store.runs.begin("ingest", "here"), other.runs.begin("tag", "there")
    assert second > first
    store.runs.end(first, {"done": 3, "wörter": "好"})
    assert [run.summary for run in other.runs.runs()] == [{}, {"done": 3, "wörter": "好"}]
