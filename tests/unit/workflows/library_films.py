"""Adds videos to a library as if they had been ingested, without any model."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from stores.core.ids import sha256_of
from stores.core.records import Blob, StageKey, StageOutput, Video
from stores.ledger import Attempt
from stores.library_store import LibraryStore


def know(
    store: LibraryStore, path: Path, seconds: float, stage_fingerprints: dict[str, str], sound: bool = True
) -> str:
    """Register a file and probe it as a video of that length."""
    sha256 = sha256_of(path)
    video_id = store.catalog.register(path, sha256, path.stat().st_size, path.stat().st_mtime_ns)
    video = Video(
        video_id=video_id,
        sha256=sha256,
        size=path.stat().st_size,
        duration=round(seconds * 1000),
        time_base=Fraction(1, 1000),
        start_pts=0,
        width=64,
        height=48,
        rotation=0,
        frame_rate=Fraction(25),
        variable_frame_rate=False,
        video_codec="h264",
        audio_codec="aac" if sound else "",
        container="mov",
    )
    finish(store, video_id, "probe", stage_fingerprints["probe"], StageOutput(video=video, seconds=0.1))
    return video_id


def done(store: LibraryStore, video_id: str, stage: str, fingerprint: str, seconds: float, left: int = 0) -> None:
    """Finish a stage that took ``seconds`` and left ``left`` bytes of blobs."""
    blobs = (Blob("data.bin", b"x" * left),) if left else ()
    finish(store, video_id, stage, fingerprint, StageOutput(blobs=blobs, seconds=seconds))


def finish(store: LibraryStore, video_id: str, stage: str, fingerprint: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)
