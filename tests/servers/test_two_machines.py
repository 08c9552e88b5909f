"""Several machines on one library: concurrent writing and opening, and settings that contradict the library."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import event, text

from stores.core.errors import KinodexError, StoreError, UsageError
from stores.core.places import Places
from stores.core.records import Blob, StageKey, StageOutput
from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.sql.postgres import key_of
from tests.servers.running import ObjectStore, Postgres
from tests.unit.stores.builders import add_video, begun, put

OPEN_AND_WRITE = """
import json
import sys
from stores.core.errors import KinodexError
from stores.library_store import LibraryStore
from stores.core.places import Places
try:
    with LibraryStore.open(sys.argv[1], create=True, places=Places(**json.load(sys.stdin))) as store:
        with store.job(), store.writer():
            print("writing")
except KinodexError as error:
    print(error)
"""

Elsewhere = Callable[[LibraryStore], LibraryStore]


def other_process(root: Path, places: Places) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN_AND_WRITE, str(root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(places)))
    return process


def output_of(process: subprocess.Popen[str]) -> str:
    answer, _ = process.communicate(timeout=60)
    return answer.strip()


def test_two_machines_do_not_write_at_once(served: LibraryStore, tmp_path: Path) -> None:
    with served.job():
        answer = output_of(other_process(tmp_path / "other", served.places))
    assert answer.startswith("LIBRARY_LOCKED")
    assert "pid" in answer
    assert "127.0.0.1" in answer
    assert output_of(other_process(tmp_path / "other", served.places)) == "writing"


def test_the_lock_is_free_before_its_connection_is_closed(served: LibraryStore) -> None:
    """A server that is slow to end a session must not block the next writer."""
    key = key_of("writer")
    free: list[bool] = []

    @event.listens_for(served.engine, "close_detached")
    def closing(_: object) -> None:
        with served.engine.connect() as other:
            free.append(other.execute(text(f"SELECT pg_try_advisory_xact_lock({key})")).scalar_one())

    with served.writer():
        pass
    assert free == [True]


def test_opening_a_new_library_from_several_processes_at_once(places: Places, tmp_path: Path) -> None:
    processes = [other_process(tmp_path / f"m{n}", places) for n in range(3)]
    answers = [output_of(process) for process in processes]
    assert all(one == "writing" or one.startswith("LIBRARY_LOCKED") for one in answers), answers
    with LibraryStore.open(tmp_path / "m0", places=places) as store:
        add_video(store)


def test_workers_that_begin_and_commit_at_once_do_not_block_each_other(served: LibraryStore) -> None:
    videos = [add_video(served, f"{n}.mp4") for n in range(4)]
    errors: list[BaseException] = []

    def work(video_id: str) -> None:
        try:
            for stage in ("scenes", "speech", "visual_stats", "speech_activity"):
                put(served, video_id, stage, blobs=[Blob("x.bin", video_id.encode())])
        except BaseException as error:  # noqa: BLE001 - the test reports it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(video_id,)) for video_id in videos]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(len(served.ledger.done_fingerprints(video_id)) == 5 for video_id in videos)


def test_two_libraries_share_only_the_servers(
    served: LibraryStore, places: Places, postgres: Postgres, tmp_path: Path
) -> None:
    video_id = add_video(served)
    put(served, video_id, "pictures", blobs=[Blob("x.bin", b"1")])
    other = replace(places, database=postgres.schema_url("another"), blobs=places.blobs + "-b")
    with LibraryStore.open(tmp_path / "b", create=True, places=other) as second:
        assert second.catalog.videos() == []
        assert (add_video(second), sweep(second).blobs) == (video_id, 0)
        assert second.fulltext.search("anything", 5) == []
    assert served.memory(video_id).blob("pictures", "x.bin") == b"1"


def test_a_library_does_not_use_the_blobs_of_another(places: Places, postgres: Postgres, tmp_path: Path) -> None:
    LibraryStore.open(tmp_path / "a", create=True, places=places).close()
    other = replace(places, database=postgres.schema_url("thief"))
    with pytest.raises(UsageError, match=r"SETTINGS_INVALID.*another library"):
        LibraryStore.open(tmp_path / "b", create=True, places=other)
    with pytest.raises(UsageError, match=r"SETTINGS_INVALID.*no longer holds"):
        LibraryStore.open(tmp_path / "c", places=replace(places, blobs=places.blobs + "-typo"))
    with pytest.raises(UsageError, match=r"SETTINGS_INVALID.*object store"):
        LibraryStore.open(tmp_path / "c", places=replace(places, blobs=""))
    with pytest.raises(UsageError, match=r"SETTINGS_INVALID.*vectors"):
        LibraryStore.open(tmp_path / "c", places=replace(places, vectors=""))


def test_a_library_cannot_be_pointed_elsewhere(places: Places, tmp_path: Path) -> None:
    LibraryStore.open(tmp_path / "here", create=True).close()
    with pytest.raises(UsageError, match="keeps its database in"):
        LibraryStore.open(tmp_path / "here", create=True, places=places)
    LibraryStore.open(tmp_path / "there", create=True, places=places).close()
    with pytest.raises(UsageError, match="SETTINGS_INVALID"):
        LibraryStore.open(tmp_path / "there", create=True)
    written = json.loads((tmp_path / "there" / "library.json").read_text())
    assert set(written["places"]) == {"database", "vectors", "blobs"}
    assert not any(word in json.dumps(written) for word in ("s3cret-word", "test-secret", "test-key", "kinodex:"))


def test_a_library_that_does_not_exist_is_missing_not_empty(places: Places, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="LIBRARY_MISSING") as caught:
        LibraryStore.open(tmp_path / "lib", places=places)
    assert "s3cret-word" not in str(caught.value)


def test_refusals_are_settings_not_outages(places: Places, postgres: Postgres, tmp_path: Path) -> None:
    wrong: list[Places] = [
        Places(postgres.url.replace(postgres.password, "wrong")),
        Places(postgres.url.replace("/postgres", "/nowhere")),
        replace(places, blobs="s3://no-such-bucket/x"),
    ]
    for place in wrong:
        with pytest.raises(UsageError, match="SETTINGS_INVALID"):
            LibraryStore.open(tmp_path / "lib", create=True, places=place)
    away = [
        (Places("postgresql://u:hush@127.0.0.1:1/x"), "DATABASE_UNREACHABLE"),
        (replace(places, blob_options={**places.blob_options, "endpoint_url": "http://127.0.0.1:1"}), "BLOB_STORE"),
    ]
    for place, code in away:
        with pytest.raises(KinodexError, match=code) as caught:
            LibraryStore.open(tmp_path / "lib", create=True, places=place)
        assert "hush" not in str(caught.value)


def test_a_listing_is_never_stale(
    served: LibraryStore, elsewhere: Elsewhere, object_store: ObjectStore, tmp_path: Path
) -> None:
    key = StageKey(add_video(served), "pictures", "f1")
    assert not served.blobs.exists(key, "a.bin")
    before = len(list(served.blobs.stored()))
    other = elsewhere(served)
    other.blobs.put(key, Blob("a.bin", b"1"))
    assert served.blobs.exists(key, "a.bin")
    assert len(list(served.blobs.stored())) == before + 1
    other.blobs.delete(key, "a.bin")
    assert not served.blobs.exists(key, "a.bin")
    assert len(list(served.blobs.stored())) == before


def test_an_attempt_begun_on_another_machine_can_be_committed(served: LibraryStore, elsewhere: Elsewhere) -> None:
    video_id = add_video(served)
    worker = elsewhere(served)
    attempt = begun(worker, video_id, "speech")
    with served.writer():
        name = worker.staging_area.write(attempt.key, StageOutput())
        assert served.commit(attempt, served.staging_area.read(name)[1]).status == "done"
