"""Records, and ways to put them into a library."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from stores.core.ids import record_id
from stores.core.records import (
    Blob,
    Channel,
    Label,
    Receipt,
    Record,
    Span,
    StageKey,
    StageOutput,
    Tracklet,
    Utterance,
    VectorItem,
    Video,
    Word,
)
from stores.ledger import Attempt
from stores.library_store import LibraryStore

BASE = Fraction(1, 12800)
COLLECTION = "toy-model-1"


def span(start: int, end: int, base: Fraction = BASE) -> Span:
    return Span(start, end, base)


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def video_of(video_id: str, sha256: str, base: Fraction = BASE) -> Video:
    return Video(
        video_id=video_id,
        sha256=sha256,
        size=1000,
        duration=128_000,
        time_base=base,
        start_pts=0,
        width=640,
        height=360,
        rotation=0,
        frame_rate=Fraction(25),
        variable_frame_rate=False,
        video_codec="h264",
        audio_codec="aac",
        container="mp4",
        warnings=("TRUNCATED: 3.2 of 10.0 s can be decoded",),
    )


def begun(store: LibraryStore, video_id: str, stage: str, fingerprint: str = "f1") -> Attempt:
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "tester")
    assert isinstance(attempt, Attempt)
    return attempt


def put(
    store: LibraryStore,
    video_id: str,
    stage: str,
    *records: Record,
    fingerprint: str = "f1",
    vectors: Sequence[VectorItem] = (),
    blobs: Sequence[Blob] = (),
) -> Receipt:
    attempt = begun(store, video_id, stage, fingerprint)
    return store.commit(attempt, StageOutput(records, tuple(vectors), tuple(blobs)))


def add_video(store: LibraryStore, name: str = "holiday.mp4") -> str:
    """A registered and probed video."""
    video_id = store.catalog.register(Path("/videos") / name, sha(name), 1000, 7)
    store.commit(begun(store, video_id, "probe"), StageOutput(video=video_of(video_id, sha(name))))
    return video_id


def utterance(video_id: str, start: int, text: str, confidence: float = 0.9) -> Utterance:
    where = span(start, start + 12_800)
    words = tuple(Word(word, where, 0.5) for word in text.split())
    return Utterance(record_id("utt", video_id, where, text), where, text, "en", confidence, words)


def label(video_id: str, start: int, name: str, zh: str, *broader: str) -> Label:
    where = span(start, start + 12_800)
    return Label(record_id("lbl", video_id, where, name), where, "clp_1", f"in:{name}", name, zh, broader, 0.25, 0.5)


def tracklet(video_id: str, category: str, appearance: str, motion: str) -> Tracklet:
    where = span(0, 25_600)
    return Tracklet(
        evidence_id=record_id("trk", video_id, where, category),
        span=where,
        concept="coco:18",
        category=category,
        category_zh="狗;小狗",
        broader=("animal",),
        appearance=appearance,
        motion=motion,
        trajectory=((0, 0.1, 0.2, 0.3, 0.4), (12_800, 0.2, 0.2, 0.4, 0.4)),
        audio="silence",
        confidence=0.8,
    )


def vector_item(name: str, *values: float, channel: Channel = "picture", start: int = 0, fp: str = "f1") -> VectorItem:
    array = np.asarray(values, np.float32)
    unit = array / np.linalg.norm(array)
    return VectorItem(COLLECTION, f"{name}:{fp}", unit, span(start, start + 100), channel, clip_id=f"clp_{name}")
