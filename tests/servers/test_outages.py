"""Servers go away and come back: the right code, nothing lost, and the same opened library works again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sqlalchemy import text

from stores.core.errors import KinodexError, StoreError
from stores.core.patience import patiently
from stores.core.records import Blob, StageKey, StageOutput
from stores.library_store import LibraryStore
from stores.maintenance.rebuild import rebuild_index
from stores.sql.database import writing
from tests.servers.running import ChromaServer, ObjectStore, Postgres, Server
from tests.unit.stores.builders import COLLECTION, add_video, begun, put, utterance, vector_item

ASKED = np.array([1, 0], np.float32)


@pytest.fixture(autouse=True)
def restarted(postgres: Postgres, chroma_server: ChromaServer) -> Iterator[None]:
    """Restart servers that a test has killed."""
    yield
    for server in (postgres, chroma_server):
        if not server.runs:
            server.start()


def code_of(do: Callable[[], object]) -> str:
    with pytest.raises(KinodexError) as caught:
        do()
    assert "s3cret-word" not in str(caught.value)
    return caught.value.code.name


def back_after(server: Server, seconds: float) -> threading.Thread:
    def wait() -> None:
        time.sleep(seconds)
        server.start()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_postgres_dies_and_comes_back(served: LibraryStore, postgres: Postgres) -> None:
    video_id = add_video(served)
    attempt = begun(served, video_id, "speech")
    output = StageOutput((utterance(video_id, 0, "still here"),), (vector_item("a", 1, 0),), (Blob("b", b"1"),))
    postgres.kill()
    assert code_of(served.catalog.videos) == "DATABASE_UNREACHABLE"
    assert code_of(lambda: served.commit(attempt, output)) == "DATABASE_UNREACHABLE"
    assert code_of(lambda: served.ledger.begin(attempt.key, "tester")) == "DATABASE_UNREACHABLE"
    waits: list[tuple[str, float]] = []
    thread = back_after(postgres, 0.5)
    receipt = patiently(
        lambda: served.commit(attempt, output), 60, lambda error, pause: waits.append((error.code.name, pause))
    )
    thread.join()
    assert receipt.status == "done"
    assert {code for code, _ in waits} == {"DATABASE_UNREACHABLE"}
    assert served.commit(attempt, output) == receipt
    assert [hit.video_id for hit in served.fulltext.search("still", 5)] == [video_id]


def test_an_interrupted_transaction_leaves_nothing(served: LibraryStore, postgres: Postgres) -> None:
    video_id = add_video(served)

    def cut() -> None:
        with writing(served.engine) as connection:
            connection.execute(text("DELETE FROM videos WHERE false"))
            connection.execute(text("UPDATE videos SET size = 0"))
            postgres.kill()
            connection.execute(text("SELECT 1"))

    assert code_of(cut) == "DATABASE_UNREACHABLE"
    postgres.start()
    video = served.catalog.video(video_id)
    assert video is not None
    assert video.size == 1000


def test_a_job_takes_its_lock_again_after_an_outage(
    served: LibraryStore, postgres: Postgres, elsewhere: Callable[[LibraryStore], LibraryStore]
) -> None:
    other = elsewhere(served)
    with served.job():
        postgres.kill()
        assert code_of(lambda: served.writer().__enter__()) == "DATABASE_UNREACHABLE"
        postgres.start()
        with served.writer():
            assert code_of(lambda: other.job().__enter__()) == "LIBRARY_LOCKED"
            assert code_of(lambda: other.writer(0.1).__enter__()) == "LIBRARY_LOCKED"
        with other.writer():
            pass
        postgres.kill()
        postgres.start()
        with other.job(), pytest.MonkeyPatch.context() as patch:
            patch.setattr("stores.writer_lock.COMMIT_WAIT_SECONDS", 0.1)
            # The other machine holds the lock now: this one must not go on writing.
            assert code_of(lambda: put(served, add_video(other), "speech")) == "LIBRARY_LOCKED"
    with other.job(), other.writer():
        pass


def test_chroma_dies_and_comes_back(served: LibraryStore, chroma_server: ChromaServer) -> None:
    video_id = add_video(served)
    put(served, video_id, "pictures", vectors=[vector_item("a", 1, 0)])
    attempt = begun(served, video_id, "vectors")
    output = StageOutput(vectors=(vector_item("b", 0, 1),))
    chroma_server.kill()
    assert code_of(lambda: served.commit(attempt, output)) == "VECTOR_STORE_UNREACHABLE"
    assert code_of(lambda: served.vectors.query(COLLECTION, ASKED, 5)) == "VECTOR_STORE_UNREACHABLE"
    assert served.ledger.done_fingerprints(video_id) == {"probe": "f1", "pictures": "f1"}
    thread = back_after(chroma_server, 0.3)
    receipt = patiently(lambda: served.commit(attempt, output), 60)
    thread.join()
    assert receipt.status == "done"
    assert [hit.vector_id for hit in served.vectors.query(COLLECTION, ASKED, 5)] == ["a:f1", "b:f1"]


def test_a_chroma_without_its_data_is_reported_and_can_be_rebuilt(
    served: LibraryStore, chroma_server: ChromaServer, elsewhere: Callable[[LibraryStore], LibraryStore]
) -> None:
    video_id = add_video(served)
    put(served, video_id, "pictures", vectors=[vector_item("a", 1, 0)])
    assert served.vectors.query(COLLECTION, ASKED, 5)
    chroma_server.kill()
    chroma_server.forget()
    chroma_server.start()
    served.vectors.close()
    for store in (served, elsewhere(served)):
        with pytest.raises(StoreError, match=r"VECTOR_STORE_FAILED.*index rebuild"):
            store.vectors.query(COLLECTION, ASKED, 5)
    with pytest.raises(StoreError, match=r"VECTOR_STORE_FAILED.*index rebuild"):
        put(served, video_id, "vectors", vectors=[vector_item("b", 0, 1)])
    rebuild_index(served)
    put(served, video_id, "vectors", vectors=[vector_item("b", 0, 1)], fingerprint="f2")
    assert [hit.vector_id for hit in served.vectors.query(COLLECTION, ASKED, 5)] == ["a:f1", "b:f1"]


def test_an_unreachable_object_store(served: LibraryStore, object_store: ObjectStore) -> None:
    key = StageKey(add_video(served), "pictures", "f1")
    served.blobs.put(key, Blob("a.bin", b"1"))
    object_store.kill()
    try:
        for do in (
            lambda: served.blobs.put(key, Blob("b.bin", b"2")),
            lambda: served.blobs.get(key, "a.bin"),
            lambda: list(served.blobs.stored()),
            lambda: served.staging_area.write(key, StageOutput()),
        ):
            assert code_of(do) == "BLOB_STORE_UNREACHABLE"
    finally:
        object_store.start()
    patiently(lambda: served.blobs.put(key, Blob("b.bin", b"2")), 30)
    assert served.blobs.get(key, "b.bin") == b"2"
