"""The catalog: videos by content, places by name, evidence by id."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stores.core.errors import UsageError
from stores.core.ids import video_id as id_of
from stores.core.records import Clip, Fact, ScreenText, StageOutput
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video, begun, label, put, sha, span, tracklet, utterance, video_of


def test_copies_and_renames_are_one_video(store: LibraryStore) -> None:
    first = store.catalog.register(Path("/a/one.mp4"), sha("x"), 10, 1)
    assert store.catalog.register(Path("/b/copy.mp4"), sha("x"), 10, 2) == first == id_of(sha("x"))
    (entry,) = store.catalog.videos()
    assert entry.uris == ("/a/one.mp4", "/b/copy.mp4")
    assert (entry.video, entry.status, entry.error_code) == (None, "pending", "")


def test_an_untouched_file_is_known_without_reading_it(store: LibraryStore) -> None:
    video_id = store.catalog.register(Path("/a/one.mp4"), sha("x"), 10, 1)
    assert store.catalog.known(Path("/a/one.mp4"), 10, 1) == video_id
    assert store.catalog.known(Path("/a/one.mp4"), 10, 2) is None
    assert store.catalog.known(Path("/a/one.mp4"), 11, 1) is None
    assert store.catalog.known(Path("/a/two.mp4"), 10, 1) is None


def test_new_content_under_an_old_name_is_another_video(store: LibraryStore) -> None:
    old = store.catalog.register(Path("/a/one.mp4"), sha("x"), 10, 1)
    new = store.catalog.register(Path("/a/one.mp4"), sha("y"), 12, 2)
    assert {entry.video_id: entry.uris for entry in store.catalog.videos()} == {old: (), new: ("/a/one.mp4",)}
    assert store.catalog.display_uri(old) == old


def test_a_place_that_is_gone_comes_last(store: LibraryStore, tmp_path: Path) -> None:
    here, gone = tmp_path / "z.mp4", tmp_path / "a.mp4"
    here.write_bytes(b"x")
    for path in (here, gone):
        video_id = store.catalog.register(path, sha("x"), 1, 1)
    store.catalog.note_missing(gone)
    assert store.catalog.display_uri(video_id) == str(here)
    assert store.catalog.path(video_id) == here
    gone.write_bytes(b"x")
    assert store.catalog.known(gone, 1, 1) == video_id
    assert store.catalog.display_uri(video_id) == str(gone)
    gone.unlink()
    assert store.catalog.display_uri(video_id) == str(here)


def test_a_place_that_cannot_be_looked_at_is_no_file(store: LibraryStore, tmp_path: Path) -> None:
    here = tmp_path / "z.mp4"
    here.write_bytes(b"x")
    # As where a folder may not be entered, or a mount is lost: this name is too long for any file system.
    for path in (tmp_path / ("a" * 300), here):
        video_id = store.catalog.register(path, sha("x"), 1, 1)
    assert store.catalog.display_uri(video_id) == str(here)
    assert store.catalog.path(video_id) == here
    here.unlink()
    assert store.catalog.path(video_id) is None


def test_names_of_any_bytes_are_kept(store: LibraryStore, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("caf\u00e9 \u6ed1\u677f".encode() + b"\xff\n100%.mp4")
    path.write_bytes(b"x")
    video_id = store.catalog.register(path, sha("x"), 1, 1)
    assert store.catalog.display_uri(video_id) == f"{tmp_path}/café 滑板%FF%0A100%25.mp4"
    assert store.catalog.path(video_id) == path
    store.catalog.record_input_error(store.catalog.display_uri(video_id), "FILE_UNREADABLE", "\udcff no")
    assert store.catalog.input_errors()[0].error_message == "\ufffd no"


def test_a_file_that_cannot_be_read_is_listed_until_it_can(store: LibraryStore) -> None:
    store.catalog.record_input_error("/a/one.mp4", "FILE_EMPTY", "empty")
    store.catalog.record_input_error("/a/one.mp4", "FILE_UNREADABLE", "no")
    assert [(e.uri, e.error_code) for e in store.catalog.input_errors()] == [("/a/one.mp4", "FILE_UNREADABLE")]
    store.catalog.register(Path("/a/one.mp4"), sha("x"), 10, 1)
    assert store.catalog.input_errors() == []


def test_a_video_that_cannot_be_probed_is_listed_with_its_error(store: LibraryStore) -> None:
    video_id = store.catalog.register(Path("/a/bad.mp4"), sha("bad"), 10, 1)
    store.ledger.fail(begun(store, video_id, "probe"), "NOT_MEDIA", "no media in it")
    entry = store.catalog.entry(video_id)
    assert (entry.video, entry.status, entry.error_code) == (None, "failed", "NOT_MEDIA")
    assert entry.stages == {"probe": "failed"}


def test_the_status_of_a_video_follows_its_stages(store: LibraryStore) -> None:
    video_id = add_video(store)
    assert store.catalog.entry(video_id).video == video_of(video_id, sha("holiday.mp4"))
    # Probed, and then the job was interrupted, or its budget was used up.
    assert store.catalog.entry(video_id).status == "partial"
    assert store.catalog.entry(video_id).error_code == ""
    put(store, video_id, "vectors")
    assert store.catalog.entry(video_id).status == "done"
    attempt = begun(store, video_id, "speech")
    assert store.catalog.entry(video_id).status == "unfinished"
    store.ledger.fail(attempt, "MODEL_FAILED", "broke")
    entry = store.catalog.entry(video_id)
    assert (entry.status, entry.error_code, entry.error_message) == ("partial", "MODEL_FAILED", "broke")
    put(store, video_id, "speech")
    assert store.catalog.entry(video_id).status == "done"


def test_the_parts_of_a_long_video_stand_for_their_stage(store: LibraryStore) -> None:
    video_id = add_video(store)

    def stands() -> tuple[str, str]:
        entry = store.catalog.entry(video_id)
        assert set(entry.stages) == {"probe", "pictures"}
        return entry.status, entry.stages["pictures"]

    first, second = begun(store, video_id, "pictures.000"), begun(store, video_id, "pictures.001")
    assert stands() == ("unfinished", "running")
    store.commit(first, StageOutput())
    store.ledger.fail(second, "DECODE_TIMEOUT", "slow")
    assert stands() == ("partial", "failed")
    put(store, video_id, "pictures.001")
    assert stands() == ("unfinished", "pending")
    put(store, video_id, "pictures")
    assert stands() == ("partial", "done")
    # Another fingerprint: the old whole serves, and yet there is something to do.
    begun(store, video_id, "pictures.000", "f2")
    assert stands() == ("unfinished", "running")


def test_a_video_is_found_by_what_people_type(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.catalog.register(tmp_path / "beach day.mp4", sha("1"), 1, 1)
    second = store.catalog.register(tmp_path / "x" / "beach day.mp4", sha("2"), 1, 1)
    third = store.catalog.register(tmp_path / "city.mp4", sha("3"), 1, 1)
    monkeypatch.chdir(tmp_path)
    for text in (third, third[:8], third[4:10], "city.mp4", "city", "./city.mp4", str(tmp_path / "city.mp4")):
        assert store.catalog.resolve(text) == third
    assert store.catalog.resolve("x/beach day.mp4") == second
    # A path from here wins over the same file name elsewhere.
    assert store.catalog.resolve("beach day.mp4") == first
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="matches 2 videos"):
        store.catalog.resolve("beach day.mp4")
    with pytest.raises(UsageError) as caught:
        store.catalog.resolve("citi.mp4")
    assert caught.value.code.name == "UNKNOWN_VIDEO"
    assert "city.mp4" in caught.value.hint
    with pytest.raises(UsageError):
        store.catalog.resolve("")
    with pytest.raises(UsageError):
        store.catalog.entry("nothing \0 like it")


def test_all_channels_are_evidence(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "speech", utterance(video_id, 50, "hello there"))
    put(store, video_id, "screentext", ScreenText("txt_1", span(0, 10), "出口", 0.5, (0.0, 0.0, 1.0, 1.0)))
    put(store, video_id, "labels", label(video_id, 0, "goldfish", "金鱼;观赏鱼", "animal", "fish"))
    put(store, video_id, "tracklets", tracklet(video_id, "dog", "red, white", "left"))
    put(store, video_id, "visual_stats", Fact("fct_1", span(0, 10), "vertical video", 1.0))
    by_channel = {line.channel: line for line in store.catalog.evidence_of(video_id)}
    assert {channel: line.text for channel, line in by_channel.items()} == {
        "speech": "hello there",
        "screen": "出口",
        "picture": "goldfish",
        "object": "dog",
        "format": "vertical video",
    }
    assert by_channel["picture"].search_text == "goldfish; 金鱼; 观赏鱼; animal; fish"
    assert by_channel["object"].search_text == "dog; 狗; 小狗; animal; red, white; left"
    assert by_channel["picture"].confidence == 0.25
    assert by_channel["speech"].span == span(50, 12_850)
    (picture,) = store.catalog.evidence_of(video_id, "picture")
    assert store.catalog.evidence([picture.evidence_id, "fct_1", "lbl_none"]) == {
        picture.evidence_id: picture,
        "fct_1": by_channel["format"],
    }
    (hit,) = store.fulltext.search("观赏", 5)
    assert hit.evidence_id == picture.evidence_id


def test_clips(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    clips = [Clip("clp_2", span(100, 200), 150, "t.jpg"), Clip("clp_1", span(0, 100), 50)]
    put(store, first, "clips", *clips)
    assert store.catalog.clips(first) == clips[::-1]
    assert store.catalog.clips(second) == []


def test_no_match_and_not_indexed_are_told_apart(store: LibraryStore) -> None:
    def health() -> tuple[str, int, int, int]:
        found = store.catalog.index_health(("speech", "vectors"))
        return found.state, found.videos_indexed, found.videos_known, found.videos_failed

    assert health() == ("empty", 0, 0, 0)
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    assert health() == ("empty", 0, 2, 0)
    put(store, first, "speech")
    put(store, first, "vectors")
    store.ledger.fail(begun(store, second, "vectors"), "MODEL_FAILED", "broke")
    assert health() == ("partial", 1, 2, 1)
    put(store, second, "speech")
    put(store, second, "vectors")
    assert health() == ("complete", 2, 2, 0)
    # A second try with other settings that fails takes nothing away.
    store.ledger.fail(begun(store, second, "vectors", "f2"), "MODEL_FAILED", "broke")
    assert health() == ("complete", 2, 2, 0)
