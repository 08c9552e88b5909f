"""A library on servers from before stages were renamed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine

from stores.core.places import Places
from stores.files.blobs import BlobStore
from stores.known_frame_hashes import KnownFrameHashes
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from stores.sql.postgres import ensure_schema, postgres_url
from tests.unit.stores.test_former_names import HASHES, VIDEOS, make_tables, prints_npz


def test_an_older_library_on_servers_serves_under_the_new_names(places: Places, tmp_path: Path) -> None:
    engine = create_engine(postgres_url(places.database))
    ensure_schema(engine)
    make_tables(engine)
    blobs = BlobStore(places.blobs, places.blob_options)
    assert blobs.objects is not None
    for video in VIDEOS:
        blobs.objects.write(f"{blobs.objects.root}/{video}/prints/f1/prints.npz", prints_npz())
    with LibraryStore.open(tmp_path / "library", places=places) as old:
        assert verify(old).problems == ()
        assert len(old.memory("vid_a").records("speech_activity")) == 2
        assert [hit.video_id for hit in old.fulltext.search("black white", 5)] == list(VIDEOS)
        view = KnownFrameHashes(old).of("vid_new", {"frame_hashes": "f1"})
        assert sorted(view.near(HASHES[8:24], 12)) == list(VIDEOS)
        assert sweep(old).blobs == 0
        assert forget(old, VIDEOS).blobs == 2
        assert list(blobs.stored()) == []
    blobs.close()
