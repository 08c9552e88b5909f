"""Vectors of some videos, kept in memory: what is found is what is nearest, and what is gone is not found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from stores.core.records import Decision, VectorItem
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.tags.recall.tagged import TaggedVideos
from stores.vectors import near_videos, prepared, sketches
from stores.vectors.near_videos import NearVideos
from stores.vectors.prepared import HeldVectors, PreparedVectors
from tests.unit.stores.builders import add_video, put, span

COLLECTION = "likeness-toy"
CLIPS, DIMENSIONS = 5, 96


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def filled(store: LibraryStore, name: str, rows: np.ndarray) -> str:
    video = add_video(store, f"{name}.mp4")
    fill(store, video, name, rows)
    return video


def fill(store: LibraryStore, video: str, name: str, rows: np.ndarray, fingerprint: str = "f1") -> None:
    items = [
        VectorItem(COLLECTION, f"{name}:{at}", row.astype(np.float32), span(at, at + 1), "picture", f"c{at}")
        for at, row in enumerate(rows)
    ]
    put(store, video, "vectors", fingerprint=fingerprint, vectors=items)


@pytest.fixture
def videos(store: LibraryStore) -> list[str]:
    """Each shows some of twelve shots."""
    draw = np.random.default_rng(5)
    shots = draw.standard_normal((12, DIMENSIONS))
    noisy = (shots[draw.integers(0, 12, CLIPS)] + 0.3 * draw.standard_normal((CLIPS, DIMENSIONS)) for _ in range(24))
    return [filled(store, f"v{n}", rows) for n, rows in enumerate(noisy)]


def alike(store: LibraryStore, video: str, among: list[str], own: np.ndarray, least: float) -> list[set[str]]:
    """As each clip finds them alone among its nine nearest."""
    hits, rows = store.vectors.fetch(COLLECTION, video_ids=among)
    own = own / np.linalg.norm(own, axis=1, keepdims=True)
    cosines = own @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
    cosines[:, [hit.video_id == video for hit in hits]] = -1.0
    best = np.argsort(-cosines, axis=1)[:, :9]
    return [{hits[at].video_id for at in some if row[at] >= least} for row, some in zip(cosines, best, strict=True)]


def holding(vectors: PreparedVectors, videos: frozenset[str]) -> HeldVectors:
    """Those of some videos, which are not too many."""
    held = vectors.hold(videos)
    assert held is not None
    return held


@pytest.mark.parametrize("form", ["whole", "short list", "short numbers"])
def test_what_is_alike_is_what_each_vector_finds(
    store: LibraryStore, videos: list[str], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form != "whole":
        monkeypatch.setattr(prepared, "WHOLE", 10)
        monkeypatch.setattr(prepared, "SHORT_LIST", 60)
        monkeypatch.setattr(prepared, "_BLOCK", 32)
        monkeypatch.setattr(sketches, "_BLOCK", 16)
        monkeypatch.setattr(prepared, "_READ", 7)
    if form == "short numbers":
        monkeypatch.setattr(prepared, "WHOLE_NUMBERS", 0)
    chosen = videos[:20]
    vectors = PreparedVectors(store.vectors, COLLECTION)
    held = holding(vectors, frozenset(chosen))
    asked = held.of(videos)
    assert list(asked) == chosen
    for video in videos[20:]:
        asked[video] = store.vectors.fetch(COLLECTION, video_ids=[video])[1]
    found = held.alike(asked, 9 - CLIPS, 0.8)
    for video, own in asked.items():
        assert found[video] == alike(store, video, chosen, own, 0.8)
        assert held.alike({video: own}, 9 - CLIPS, 0.8) == {video: found[video]}, "together as alone"
        assert video not in set().union(*found[video])
    assert max(len(set().union(*some)) for some in found.values()) > 3
    nothing = {"without any": np.zeros((0, DIMENSIONS), np.float32)}
    assert held.alike(nothing, 4, 0.8) == {"without any": []}
    assert held.alike(nothing | asked, 4, 0.8) == {"without any": []} | found


def test_what_is_forgotten_or_made_again_is_seen_at_once(store: LibraryStore, videos: list[str]) -> None:
    vectors = PreparedVectors(store.vectors, COLLECTION)
    first, second = videos[:2]
    held = holding(vectors, frozenset(videos))
    own = held.of([first])
    fill(store, second, "again", own[first], "f2")
    held = holding(vectors, frozenset(videos))
    assert all(second in some for some in held.alike(own, 0, 0.999)[first])
    forget(store, [second])
    held = holding(vectors, frozenset(videos))
    assert not any(second in some for some in held.alike(own, 500, -1.0)[first])
    assert held.of([second]) == {}
    held = holding(vectors, frozenset(videos[:1]))
    assert held.alike(own, 500, -1.0) == {first: [set() for _ in own[first]]}
    held = holding(vectors, frozenset())
    assert held.of([first]) == {}
    assert held.alike(own, 500, -1.0) == {first: [set() for _ in own[first]]}


def test_one_video_alone_with_more_vectors_than_are_compared_exactly_finds_none(
    store: LibraryStore, videos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "WHOLE", 2)
    vectors = PreparedVectors(store.vectors, COLLECTION)
    # As where the only other video with tags has no clips.
    held = holding(vectors, frozenset((videos[0], add_video(store, "empty.mp4"))))
    own = held.of(videos[:1])
    assert held.alike(own, 4, -1.0) == {videos[0]: [set() for _ in range(CLIPS)]}


def test_too_many_are_not_kept(store: LibraryStore, videos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = PreparedVectors(store.vectors, COLLECTION)
    monkeypatch.setattr(prepared, "MOST_BYTES", 2 * 4 * CLIPS * DIMENSIONS)
    before = holding(vectors, frozenset(videos[:4]))
    assert vectors.hold(frozenset(videos)) is None
    assert before.of(videos[:1])  # whoever has them goes on with them
    assert holding(vectors, frozenset(videos[:4])).of(videos[:1])


def test_every_short_number_is_the_same_number_when_it_is_made_long() -> None:
    short = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(-1, 256)
    short = short[np.isfinite(short).all(axis=1)]
    assert len(short) > 240
    for some in (short, short[::3]):
        long = prepared._as_float32(some)
        assert long.dtype == np.float32
        assert np.array_equal(long.view(np.uint32), some.astype(np.float32).view(np.uint32)), "also the sign of zero"
    assert prepared._as_float32(long) is long


@pytest.mark.parametrize("exactly", [5000, 1], ids=["ranked in memory", "by the index"])
def test_near_videos_are_those_of_the_nearest_vectors(
    store: LibraryStore, videos: list[str], exactly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.vectors.store.RANKED_EXACTLY", exactly)
    near = NearVideos(store.vectors)
    _, rows = store.vectors.fetch(COLLECTION, video_ids=videos[:2])
    asked = rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def expected() -> list[list[str]]:
        return [
            list(dict.fromkeys(hit.video_id for hit in store.vectors.query(COLLECTION, vector, 12))) for vector in asked
        ]

    before = expected()
    assert near.near(COLLECTION, asked, 12) == before == near.near(COLLECTION, asked, 12)
    monkeypatch.setattr(near_videos, "MOST_KNOWN", 3)
    assert near.near(COLLECTION, asked, 12) == before
    forget(store, [before[0][1]])
    assert near.near(COLLECTION, asked, 12) == expected() != before
    assert near.near(COLLECTION, asked[:0], 12) == []
    assert near.near("another-one", asked[:2], 12) == [[], []]


def test_videos_with_tags_are_followed(store: LibraryStore, videos: list[str], tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("id,name,parent\nt1,one,\nt2,two,t1\n")
    store.tags.import_csv(tmp_path / "tags.csv")
    tagged = TaggedVideos(store.engine)
    assert tagged.now() == frozenset()

    def decide(video: str, decision: Literal["accepted", "abstained"]) -> None:
        store.tags.save_decisions(video, [Decision(video, "t1", decision, 0.9, ("speech",), ())])

    decide(videos[0], "accepted")
    decide(videos[1], "abstained")
    assert tagged.now() == {videos[0]}
    assert tagged.now() is tagged.now()
    with LibraryStore.open(store.root) as other:
        decide_elsewhere = Decision(videos[2], "t2", "accepted", 0.8, ("speech",), ())
        other.tags.save_decisions(videos[2], [decide_elsewhere])
    assert tagged.now() == {videos[0], videos[2]}
    decide(videos[1], "accepted")
    assert tagged.now() == TaggedVideos(store.engine).now() == {videos[0], videos[1], videos[2]}
    forget(store, [videos[0]])
    assert tagged.now() == {videos[1], videos[2]}
    store.tags.save_decisions(videos[1], [])
    assert tagged.now() >= TaggedVideos(store.engine).now() == {videos[2]}
