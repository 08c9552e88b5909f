"""A library is one folder: made once, opened often, written by one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event, text

from stores.core.errors import StoreError, UsageError
from stores.core.records import Blob, Clip, Fact, Scene, ScreenText, SpeechActivity, StageOutput
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import Swept, sweep
from stores.sql.database import writing
from tests.unit.stores.builders import (
    add_video,
    begun,
    label,
    put,
    sha,
    span,
    tracklet,
    utterance,
    vector_item,
    video_of,
)


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        LibraryStore.open(tmp_path / "nothing")
    assert caught.value.code.name == "LIBRARY_MISSING"
    assert "kinodex ingest" in caught.value.hint
    assert not (tmp_path / "nothing").exists()


def test_a_file_is_not_a_library(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    with pytest.raises(StoreError) as caught:
        LibraryStore.open(tmp_path / "film.mp4", create=True)
    assert caught.value.code.name == "LIBRARY_MISSING"


def test_a_library_is_found_again(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        video_id = add_video(store)
        put(store, video_id, "speech", utterance(video_id, 0, "hello"))
    with LibraryStore.open(tmp_path / "lib") as store:
        (found,) = store.fulltext.search("hello", 5)
        assert store.catalog.evidence([found.evidence_id])[found.evidence_id].text == "hello"


@pytest.mark.parametrize(
    "name", ["who?", "Holiday%20Videos", "a#b", "me:x@host", "file:x?mode=memory", "100%", "ünï 学校", "a&b=c;d"]
)
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    with LibraryStore.open(home / name, create=True) as store:
        video_id = add_video(store)
        put(store, video_id, "speech", utterance(video_id, 0, "hello"))
        put(store, video_id, "vectors", vectors=[vector_item("one", 1.0, 0.5)])
    assert [folder.name for folder in home.iterdir()] == [name]
    assert (home / name / "kinodex.sqlite3").is_file()
    shutil.copytree(home / name, tmp_path / "elsewhere" / name)
    shutil.rmtree(home)
    with LibraryStore.open(tmp_path / "elsewhere" / name) as store:
        assert [found.evidence_id for found in store.fulltext.search("hello", 5)]
        assert [entry.video_id for entry in store.catalog.videos()] == [video_id]


def test_a_folder_that_the_vector_index_cannot_name_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        LibraryStore.open(tmp_path / "caf\udce9", create=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mark", "code"),
    [('{"kinodex_library": 2}', "LIBRARY_VERSION"), ("{}", "LIBRARY_DAMAGED"), ("", "LIBRARY_DAMAGED")],
)
def test_a_library_of_another_version_is_left_alone(tmp_path: Path, mark: str, code: str) -> None:
    LibraryStore.open(tmp_path, create=True).close()
    (tmp_path / "library.json").write_text(mark)
    with pytest.raises(StoreError) as caught:
        LibraryStore.open(tmp_path, create=True)
    assert caught.value.code.name == code


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    LibraryStore.open(tmp_path, create=True).close()
    (tmp_path / "kinodex.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError) as caught:
        LibraryStore.open(tmp_path)
    assert caught.value.code.name == "LIBRARY_DAMAGED"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    LibraryStore.open(tmp_path / "lib", create=True).close()
    program = (
        "import os, sys\n"
        "from stores.core.errors import StoreError\n"
        "from stores.library_store import LibraryStore\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: LibraryStore.open(sys.argv[1])\n"
        "except StoreError as error: print(error.code)\n"
    )
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    (tmp_path / "lib").chmod(0o555)
    try:
        said = subprocess.run([sys.executable, "-c", program, str(tmp_path / "lib")], capture_output=True, text=True)
    finally:
        (tmp_path / "lib").chmod(0o755)
    assert said.stdout.strip() == "LIBRARY_READ_ONLY", said.stderr


def test_opening_for_sql_does_not_import_chroma(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from stores.library_store import LibraryStore\n"
        "with LibraryStore.open(sys.argv[1], create=True) as store:\n"
        "    store.catalog.videos(); store.fulltext.search('x', 1); store.tags.tags()\n"
        "    assert store.vectors.fetch('toy-model-1')[0] == []\n"
        "print('chromadb' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_every_kind_of_record_comes_back_in_order(store: LibraryStore) -> None:
    video_id = add_video(store)
    records = (
        Scene("scn_1", span(0, 10)),
        utterance(video_id, 0, "two words"),
        Clip("clp_1", span(0, 10), 5, "000000000005.jpg"),
        ScreenText("txt_1", span(0, 10), "出口 EXIT", 0.5, (0.0, 0.25, 0.5, 1.0)),
        label(video_id, 0, "goldfish", "金鱼", "animal", "fish"),
        tracklet(video_id, "dog", "red, white", "left"),
        Fact("fct_1", span(0, 10), "vertical video", 1.0),
        SpeechActivity(span(3, 4)),
        utterance(video_id, 5, "again"),
    )
    receipt = put(store, video_id, "speech", *records, blobs=[Blob("a.npz", b"\0\1"), Blob("b.jpg", b"")])
    memory = store.memory(video_id)
    assert receipt.status == "done"
    assert memory.records("speech") == records
    assert memory.blob_names("speech") == ("a.npz", "b.jpg")
    assert memory.blob("speech", "a.npz") == b"\0\1"
    assert memory.has("speech")
    assert memory.video == store.catalog.video(video_id)


def test_what_is_not_done_is_not_remembered(store: LibraryStore) -> None:
    memory = store.memory(add_video(store))
    assert not memory.has("speech")
    assert memory.records("speech") == ()
    assert memory.blob_names("speech") == ()
    with pytest.raises(KeyError):
        memory.blob("speech", "a.npz")


def test_a_new_fingerprint_replaces_everything_of_the_old(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(
        store,
        video_id,
        "speech",
        utterance(video_id, 0, "old words"),
        blobs=[Blob("a.npz", b"old")],
        vectors=[vector_item("a", 1, 0, channel="speech")],
    )
    put(
        store,
        video_id,
        "speech",
        utterance(video_id, 0, "new words"),
        fingerprint="f2",
        blobs=[Blob("a.npz", b"new")],
        vectors=[vector_item("a", 0, 1, channel="speech", fp="f2")],
    )
    assert [line.text for line in store.catalog.evidence_of(video_id)] == ["new words"]
    assert store.fulltext.search("old", 5) == []
    assert store.memory(video_id).blob("speech", "a.npz") == b"new"
    hits, vectors = store.vectors.fetch("toy-model-1")
    assert [hit.vector_id for hit in hits] == ["a:f2"]
    assert vectors.tolist() == [[0.0, 1.0]]
    assert store.ledger.done_fingerprints(video_id)["speech"] == "f2"
    assert list((store.root / "blobs").rglob("f1/*")) == []
    assert [ids for _, ids in store.vectors.stored()] == [["a:f2"]]
    # Going back to the old fingerprint must do the work again: its rows are gone.
    put(store, video_id, "speech", utterance(video_id, 0, "old words"), fingerprint="f1")
    assert [line.text for line in store.catalog.evidence_of(video_id)] == ["old words"]


def test_a_stage_that_finds_nothing_is_done(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "speech", utterance(video_id, 0, "old words"))
    put(store, video_id, "speech", fingerprint="f2")
    assert store.memory(video_id).has("speech")
    assert store.catalog.evidence_of(video_id) == []


def test_another_time_base_removes_the_other_stages(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "speech", utterance(video_id, 0, "hello"), vectors=[vector_item("a", 1, 0)])
    video = video_of(video_id, sha("holiday.mp4"), span(0, 1).time_base / 2)
    store.commit(begun(store, video_id, "probe", "f2"), StageOutput(video=video))
    assert store.ledger.done_fingerprints(video_id) == {"probe": "f2"}
    assert store.fulltext.search("hello", 5) == []
    assert store.vectors.fetch("toy-model-1")[0] == []


@pytest.mark.parametrize(
    "output",
    [
        StageOutput((SpeechActivity(span(0, 1, span(0, 1).time_base * 2)),)),
        StageOutput((Fact("fct_1", span(0, 1), "a", 1.0), Fact("fct_1", span(0, 1), "b", 1.0))),
        StageOutput(blobs=(Blob("a", b""), Blob("a", b""))),
        StageOutput(blobs=(Blob("../a", b""),)),
        StageOutput(vectors=(vector_item("a", 1, 0), vector_item("a", 1, 0))),
    ],
)
def test_an_output_that_contradicts_itself_is_refused_whole(store: LibraryStore, output: StageOutput) -> None:
    video_id = add_video(store)
    attempt = begun(store, video_id, "speech")
    with pytest.raises(ValueError):
        store.commit(attempt, output)
    assert not store.memory(video_id).has("speech")
    assert list((store.root / "blobs").rglob("*.*")) == []


def test_sweeping_removes_only_what_nothing_refers_to(store: LibraryStore) -> None:
    video_id = add_video(store)
    kept = vector_item("kept", 1, 0)
    put(store, video_id, "vectors", vectors=[kept], blobs=[Blob("kept.npz", b"1")])
    attempt = begun(store, video_id, "pictures")
    store.blobs.put(attempt.key, Blob("lost.npz", b"2"))
    store.vectors.upsert([vector_item("lost", 0, 1)], attempt.key)
    (store.staging / "lost.npz").write_bytes(b"3")
    assert sweep(store, dry_run=True) == sweep(store) == Swept(blobs=1, vectors=1, staged=1, bytes=2)
    assert [ids for _, ids in store.vectors.stored()] == [["kept:f1"]]
    assert store.memory(video_id).blob("vectors", "kept.npz") == b"1"
    assert sweep(store) == Swept()


def test_recent_files_can_be_kept(store: LibraryStore) -> None:
    attempt = begun(store, add_video(store), "pictures")
    store.blobs.put(attempt.key, Blob("lost.npz", b"2"))
    name = store.staging_area.write(attempt.key, StageOutput())
    assert sweep(store, grace_seconds=60) == Swept()
    assert store.staging_area.names() == [name]
    assert sweep(store).staged == 1


def test_parts_that_were_begun_too_early_for_the_whole_are_swept(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "pictures", blobs=[Blob("pictures.npz", b"whole")])
    put(store, video_id, "pictures.001", blobs=[Blob("part.npz", b"new")], fingerprint="p2")
    assert sweep(store).parts == 0
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE stage_runs SET started_at = 1 WHERE stage = 'pictures.001'"))
    assert sweep(store, dry_run=True) == sweep(store) == Swept(blobs=1, parts=1, bytes=3)
    assert {receipt.key.stage for receipt in store.ledger.receipts()} == {"probe", "pictures"}


def test_a_full_disk_says_so_and_leaves_the_old(store: LibraryStore) -> None:
    video_id = add_video(store)
    put(store, video_id, "speech", utterance(video_id, 0, "old words"))
    attempt = begun(store, video_id, "speech", "f2")
    with store._engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    many = tuple(utterance(video_id, n, f"new words {n} " * 50) for n in range(2000))

    @event.listens_for(store._engine, "begin")
    def shrink(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")  # type: ignore[attr-defined]

    with pytest.raises(StoreError) as caught:
        store.commit(attempt, StageOutput(many))
    assert caught.value.code.name == "DISK_FULL"
    assert [line.text for line in store.catalog.evidence_of(video_id)] == ["old words"]


def test_library_json_is_written_last(tmp_path: Path) -> None:
    LibraryStore.open(tmp_path, create=True).close()
    assert json.loads((tmp_path / "library.json").read_text()) == {"kinodex_library": 1}
    (tmp_path / "library.json").unlink()
    with pytest.raises(StoreError):
        LibraryStore.open(tmp_path)
    LibraryStore.open(tmp_path, create=True).close()
    LibraryStore.open(tmp_path).close()
