"""A staged output is read exactly as it was packed, or is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stores.core.errors import StoreError
from stores.core.records import Blob, StageKey, StageOutput
from stores.core.staged_output import pack, unpack
from stores.files.staging_area import StagingArea
from tests.unit.stores.builders import label, sha, tracklet, utterance, vector_item, video_of

KEY = StageKey("vid_1", "speech", "f1")


def test_everything_arrives(tmp_path: Path) -> None:
    items = (vector_item("a", 1, 0), vector_item("b", 1, 2, 3, channel="speech"))
    output = StageOutput(
        (
            utterance("vid_1", 0, "he said 你好"),
            label("vid_1", 0, "dog", "狗", "animal"),
            tracklet("vid_1", "a", "b", "c"),
        ),
        items,
        (Blob("a.npz", bytes(range(256))), Blob("empty", b"")),
        video_of("vid_1", sha("x")),
    )
    staging_area = StagingArea(tmp_path / "new folder")
    name = staging_area.write(KEY, output, 7)
    key, read = staging_area.read(name)
    assert key == KEY
    assert (read.records, read.blobs, read.video) == (output.records, output.blobs, output.video)
    assert [np.array_equal(a.vector, b.vector) for a, b in zip(read.vectors, items, strict=True)] == [True, True]
    assert [(v.collection, v.vector_id, v.span, v.channel, v.clip_id, v.evidence_id) for v in read.vectors] == [
        (v.collection, v.vector_id, v.span, v.channel, v.clip_id, v.evidence_id) for v in items
    ]
    assert staging_area.names() == [name]
    assert name.startswith("vid_1-speech-f1-7-")


def test_an_empty_output_arrives() -> None:
    assert unpack(pack(KEY, StageOutput())) == (KEY, StageOutput())


@pytest.mark.parametrize("damage", ["missing", "empty", "torn", "foreign", "pickled"])
def test_an_incomplete_file_is_a_lost_worker(tmp_path: Path, damage: str) -> None:
    staging_area = StagingArea(tmp_path)
    name = staging_area.write(KEY, StageOutput(blobs=(Blob("a", b"x" * 5000),)))
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:3000])
    elif damage == "foreign":
        np.savez(path, other=np.zeros(3))
    else:
        np.savez(path, head=np.array([{"format": 1}], dtype=object), vectors=np.zeros(0))
    with pytest.raises(StoreError) as caught:
        staging_area.read(name)
    assert caught.value.code.name == "WORKER_LOST"
