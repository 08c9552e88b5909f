"""Results that show the same pictures are one result."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from agents.search.finder import Also, Finder
from agents.search.near_duplicates import NearDuplicates
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Blob, Clip, Span, StageKey, StageOutput, Utterance, VectorItem, Video
from stores.ledger import Attempt
from stores.library_store import LibraryStore

MS = Fraction(1, 1000)
FIRST, SECOND = Span(0, 8000, MS), Span(8000, 16_000, MS)


def pictures(seed: int, count: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def still(seed: int, count: int = 32) -> np.ndarray:
    return np.repeat(pictures(seed, 1), count) ^ (np.uint64(1) << np.arange(count, dtype=np.uint64) % np.uint64(8))


def commit(store: LibraryStore, video_id: str, stage: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, f"fp-{stage}"), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def add(
    store: LibraryStore, path: Path, hashes: np.ndarray | None, said: str = "", weight: float = 5.0, start: int = 0
) -> str:
    """A video with frame hashes every quarter of a second from ``start`` ms and, at 1–6 s, a line that is said."""
    path.write_text(path.name)
    sha = path.name.encode().hex().ljust(64, "0")
    video_id = store.catalog.register(path, sha, 1, 1)
    video = Video(video_id, sha, 1, 16_000, MS, 0, 64, 36, 0, Fraction(25), False, "h264", "", "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    if hashes is not None:
        file = io.BytesIO()
        ticks = start + np.arange(len(hashes), dtype=np.int64) * 250
        np.savez(file, ticks=ticks, hashes=hashes, weights=np.full(len(hashes), weight, np.float16))
        commit(store, video_id, "frame_hashes", StageOutput(blobs=(Blob("frame_hashes.npz", file.getvalue()),)))
    line = Utterance(f"utt_{path.name}", Span(1000, 6000, MS), said, "en", 0.9)
    commit(store, video_id, "speech", StageOutput(records=(line,) if said else ()))
    return video_id


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def same(store: LibraryStore, one: str, other: str, here: Span = FIRST, there: Span = FIRST) -> bool:
    near_duplicates = NearDuplicates(store).among([one])  # of the other it is asked only when it comes up
    assert near_duplicates.same((one, here), (other, there)) == near_duplicates.same((other, there), (one, here))
    return near_duplicates.same((one, here), (other, there))


def test_moving_pictures_decide_whatever_is_said(store: LibraryStore, tmp_path: Path) -> None:
    one = add(store, tmp_path / "a", pictures(1), "good evening to you all")
    dubbed = add(store, tmp_path / "b", pictures(1), "guten Abend zusammen", start=120)
    other = add(store, tmp_path / "c", pictures(2), "good evening to you all")
    assert same(store, one, dubbed)
    assert not same(store, one, other)


def test_a_shorter_moment_is_judged_by_itself(store: LibraryStore, tmp_path: Path) -> None:
    whole = add(store, tmp_path / "a", pictures(1))
    cut = add(store, tmp_path / "b", np.concatenate([pictures(1)[16:28], pictures(3, 4)]))
    little = add(store, tmp_path / "c", np.concatenate([pictures(1)[:5], pictures(4, 11)]))
    assert same(store, whole, cut)
    assert not same(store, whole, little)


def test_still_pictures_need_the_same_words(store: LibraryStore, tmp_path: Path) -> None:
    lecture = add(store, tmp_path / "a", still(1), "today we look at the roots of algebra in Bagdad")
    copy = add(store, tmp_path / "b", still(1), "Today we look at the roots of algebra in bag dad.")
    next_one = add(store, tmp_path / "c", still(1), "last week we spoke about prime numbers and their gaps")
    silent, silent_copy = add(store, tmp_path / "d", still(2)), add(store, tmp_path / "e", still(2))
    assert same(store, lecture, copy)
    assert not same(store, lecture, next_one)
    assert same(store, silent, silent_copy)


def test_one_video_repeats_an_intro_but_not_its_camera(store: LibraryStore, tmp_path: Path) -> None:
    series = add(store, tmp_path / "a", np.concatenate([pictures(1), pictures(1)]))
    fixed = add(store, tmp_path / "b", still(1, 64))
    assert same(store, series, series, FIRST, SECOND)
    assert not same(store, fixed, fixed, FIRST, SECOND)


def test_black_frames_and_missing_hashes_make_no_near_duplicates(store: LibraryStore, tmp_path: Path) -> None:
    black = [add(store, tmp_path / name, np.zeros(32, np.uint64), weight=0.1) for name in "ab"]
    bare = [add(store, tmp_path / name, None) for name in "cd"]
    assert not same(store, *black)
    assert not same(store, *bare)


def test_hashes_that_cannot_be_read_are_tried_again(
    store: LibraryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.search.near_duplicates.RETRY_SECONDS", 0.0)
    videos = [add(store, tmp_path / name, pictures(1)) for name in "ab"]
    near_duplicates = NearDuplicates(store)
    places = [(video_id, FIRST) for video_id in videos]
    file = Path(store.blobs.uri(StageKey(videos[0], "frame_hashes", "fp-frame_hashes"), "frame_hashes.npz"))
    whole = file.read_bytes()
    for damaged in (b"", whole[:100], None):
        file.unlink()
        if damaged is not None:
            file.write_bytes(damaged)
        assert not near_duplicates.among(videos).same(*places)
        file.write_bytes(whole)
        assert near_duplicates.among(videos).same(*places)
        near_duplicates = NearDuplicates(store)


def test_a_list_of_results_shows_different_things(store: LibraryStore, tmp_path: Path) -> None:
    with Encoders.open() as encoders:
        space = encoders.concepts
        vector = np.asarray(space.prototypes[space.index("imagenet:914")], np.float32)  # a yawl
        made = {"a": pictures(1), "b": pictures(1), "c": pictures(2), "d": pictures(1)}
        videos = {name: add(store, tmp_path / name, hashes) for name, hashes in made.items()}
        for name, video_id in videos.items():
            clip = Clip(f"clp_{name}", FIRST, 4000)
            commit(store, video_id, "clips", StageOutput(records=(clip,)))
            item = VectorItem(collections(encoders).picture, f"v:{name}", vector, FIRST, "picture", clip.clip_id)
            commit(store, video_id, "vectors", StageOutput(vectors=(item,)))
        finder = Finder(store, encoders)
        found = finder.search("a sailing boat", k=2)
        order = sorted(videos.values())  # equal scores stand in the order of their ids
        shown = [moment.video_id for moment in found.moments]
        other = videos["c"]
        assert found.verdict == "match"
        assert len(shown) == 2
        assert other in shown
        kept = next(one for one in order if one != other)
        assert kept in shown
        (moment,) = [moment for moment in found.moments if moment.video_id == kept]
        left_out = [one for one in order if one not in (kept, other)]
        assert set(moment.also) <= {Also(one, FIRST) for one in left_out}
        everything = finder.search("a sailing boat", k=4)
        assert [len(moment.also) for moment in everything.moments if moment.video_id == kept] == [2]
        plain = finder.search("a sailing boat", k=4, duplicates=True)
        assert [moment.video_id for moment in plain.moments] == order
        assert not any(moment.also for moment in plain.moments)
