"""Which detections are one object, and how it moved."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from pipeline.derive.tracklets import derive_tracklets, motion_word
from stores.core.records import Blob, Scene, Span, SpeechActivity, StageOutput, Tracklet, Video
from tests.unit.pipeline.test_perceive import Remembered

BASE = Fraction(1, 1000)
Sighting = tuple[int, str, tuple[float, float, float, float]]


def tracklets(seen: list[Sighting], seconds: int, cuts: tuple[int, ...] = ()) -> list[Tracklet]:
    video = Video("vid", "", 1, seconds * 1000, BASE, 0, 160, 96, 0, Fraction(25), False, "h264", "aac", "mp4")
    file = io.BytesIO()
    np.savez(
        file,
        ticks=np.array([second * 1000 for second, _, _ in seen], np.int64),
        concepts=np.array([concept for _, concept, _ in seen], np.str_),
        scores=np.full(len(seen), 0.9, np.float32),
        boxes=np.array([box for _, _, box in seen], np.float32).reshape(-1, 4),
        colours=np.array(["red"] * len(seen), np.str_),
        frames=np.arange(seconds, dtype=np.int64) * 1000,
        scenery=np.array(["green"] * seconds, np.str_),
    )
    memory = Remembered()
    memory.outputs["objects"] = StageOutput(blobs=(Blob("objects.npz", file.getvalue()),))
    edges = [0, *cuts, seconds]
    memory.outputs["scenes"] = StageOutput(
        tuple(Scene(f"s{a}", Span.from_seconds(a, b, BASE)) for a, b in pairwise(edges))
    )
    memory.outputs["speech_activity"] = StageOutput((SpeechActivity(Span.from_seconds(2, 3, BASE)),))
    space = ConceptSpace.load(Encoders.open().spec("text").revision)
    found = derive_tracklets(video, memory, space).records
    assert isinstance(found[-1], Tracklet)
    assert found[-1].concept == "background"
    assert found[-1].appearance == "green"
    return [track for track in found[:-1] if isinstance(track, Tracklet)]


def walk(first: int, last: int, x: float = 0.1, step: float = 0.05, y: float = 0.3) -> list[Sighting]:
    return [
        (s, "coco:1", (x + step * (s - first), y, x + step * (s - first) + 0.2, y + 0.4)) for s in range(first, last)
    ]


def spans(found: list[Tracklet]) -> list[tuple[float, float]]:
    return sorted(track.span.seconds for track in found)


def test_one_walker_is_one_tracklet() -> None:
    (track,) = tracklets(walk(0, 6), 10)
    assert track.span.seconds == (0, 6)
    assert (track.motion, track.appearance, track.audio) == ("right", "red", "speech")
    assert len(track.trajectory) == 6


def test_two_walkers_are_two_tracklets() -> None:
    seen = sorted(walk(0, 6) + walk(0, 6, x=0.7, step=-0.02, y=0.5))
    assert spans(tracklets(seen, 10)) == [(0, 6), (0, 6)]


def test_a_dog_does_not_become_a_person() -> None:
    seen = [*walk(0, 3), *((s, "coco:18", box) for s, _, box in walk(3, 6))]
    assert {track.category for track in tracklets(seen, 10)} == {"person", "dog"}


def test_a_tracklet_ends_at_a_cut() -> None:
    assert spans(tracklets(walk(0, 6, step=0.0), 6, cuts=(3,))) == [(0, 3), (3, 6)]


def test_a_moment_s_absence_is_bridged_and_a_long_one_is_not() -> None:
    assert spans(tracklets(walk(0, 3, step=0) + walk(4, 6, step=0), 10)) == [(0, 6)]
    assert spans(tracklets(walk(0, 3, step=0) + walk(20, 23, step=0), 30)) == [(0, 3), (20, 23)]


def test_nothing_seen_leaves_the_background() -> None:
    assert tracklets([], 5) == []


@pytest.mark.parametrize(
    ("last", "word"),
    [
        ((0.4, 0.4, 0.6, 0.6), "still"),
        ((0.7, 0.4, 0.9, 0.6), "right"),
        ((0.1, 0.4, 0.3, 0.6), "left"),
        ((0.4, 0.7, 0.6, 0.9), "down"),
        ((0.4, 0.1, 0.6, 0.3), "up"),
        ((0.3, 0.3, 0.7, 0.7), "nearer"),
        ((0.45, 0.45, 0.55, 0.55), "farther"),
    ],
)
def test_motion_in_a_word(last: tuple[float, float, float, float], word: str) -> None:
    assert motion_word(np.array([(0.4, 0.4, 0.6, 0.6), last], np.float32)) == word


def test_there_and_back_is_wandering() -> None:
    boxes = [(0.4, 0.4, 0.6, 0.6), (0.7, 0.4, 0.9, 0.6), (0.4, 0.4, 0.6, 0.6)]
    assert motion_word(np.array(boxes, np.float32)) == "wandering"


def test_an_object_hidden_for_two_frames_is_still_the_same() -> None:
    there = [sighting for sighting in walk(0, 8, step=0.01) if sighting[0] not in (3, 4)]
    (track,) = tracklets(there, 8)
    assert track.span.seconds == (0, 8)
