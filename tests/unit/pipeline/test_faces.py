"""Face tracks: whose faces belong together, whole and in parts."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.types import FaceFeatures, FacesFound
from pipeline.decode.frames import Frames
from pipeline.observers.face_tracks import FaceConfig
from pipeline.observers.faces import FaceObserver, join_faces
from stores.core.records import FaceTrack, Span
from tests.unit.stores.builders import BASE, video_of
from tests.unit.stores.people.faces import DIM, SECOND, looks

VIDEO = video_of("vid_1", "0" * 64)
WOMAN, MAN = 1, 2


class Seer:
    """Finds what the colour of a pixel says, and knows who that is: (who, x, score) by the red of the first pixel."""

    name, dim = "seer", DIM

    def __init__(self, shots: dict[int, list[tuple[int, float, float]]], female: dict[int, float]) -> None:
        self.shots, self.female, self.now, self.asked = shots, female, [], 0

    def find(self, frames: np.ndarray) -> list[FacesFound]:
        self.asked += 1
        self.now = self.shots[int(frames[0, 0, 0, 0])]
        boxes = np.array([(x, 0.2, x + 0.3, 0.7) for _, x, _ in self.now], np.float32).reshape(-1, 4)
        scores = np.array([score for *_, score in self.now], np.float32)
        return [FacesFound(boxes, scores, np.zeros((len(boxes), 6, 2), np.float32))]

    def encode(self, faces: list[np.ndarray]) -> FaceFeatures:
        known = [one for one in self.now if one[2] >= FaceConfig().min_score]
        assert len(faces) == len(known)
        vectors = np.stack([looks(who, round(100 * x)) for who, x, _ in known])
        return FaceFeatures(vectors, np.array([self.female[who] for who, *_ in known], np.float32))


def frames(shots: list[int], first: int = 0) -> Frames:
    pixels = np.stack([np.full((200, 300, 3), shot, np.uint8) for shot in shots])
    ticks = np.arange(first, first + len(shots), dtype=np.int64) * SECOND
    return Frames("faces", pixels, ticks, BASE)


def watched(seer: Seer, *batches: Frames) -> FaceObserver:
    observer = FaceObserver(seer, seer, "toy@1", "f1")
    observer.start(VIDEO)
    for batch in batches:
        observer.see(batch)
    return observer


SHOTS = {
    10: [],
    60: [(WOMAN, 0.1, 0.9)],
    110: [(WOMAN, 0.15, 0.9), (MAN, 0.6, 0.9)],
    160: [(MAN, 0.12, 0.9)],
    210: [(WOMAN, 0.1, 0.65)],
    250: [(WOMAN, 0.65, 0.9)],
}
FEMALE = {WOMAN: 0.9, MAN: 0.05}


def tracks(output) -> list[tuple[str, float, float, int]]:
    return [(one.name, *one.span.seconds, len(one.trajectory)) for one in output.records]


def test_a_face_is_followed_by_place_and_looks() -> None:
    output = watched(Seer(SHOTS, FEMALE), frames([10, 60, 110, 160, 10])).finish()
    assert tracks(output) == [("woman", 1, 3, 2), ("man", 2, 4, 2)], "at her place is he now, who is another"
    assert all(isinstance(one, FaceTrack) for one in output.records)
    assert [item.evidence_id for item in output.vectors] == [one.evidence_id for one in output.records]
    assert {item.collection for item in output.vectors} == {"face-toy-1"}
    assert output.vectors[0].vector @ looks(WOMAN) > 0.85
    assert output.vectors[0].channel == "face"


def test_a_face_may_be_hidden_for_a_moment_and_elsewhere_afterwards() -> None:
    output = watched(Seer(SHOTS, FEMALE), frames([60, 10, 250])).finish()
    assert tracks(output) == [("woman", 0, 10, 2)]
    output = watched(Seer(SHOTS, FEMALE), frames([60, 10, 10, 10, 250])).finish()
    assert len(output.records) == 2


def test_what_is_hardly_a_face_is_none() -> None:
    assert watched(Seer(SHOTS, FEMALE), frames([210, 10, 210])).finish().records == ()
    (one,) = watched(Seer(SHOTS, FEMALE), frames([60, 210])).finish().records
    assert len(one.trajectory) == 2, "but it goes on with one that is"


def test_a_face_that_cannot_be_compared_goes_on_with_the_sample_before_only() -> None:
    (one,) = watched(Seer(SHOTS, FEMALE), frames([60, 10, 210])).finish().records
    assert len(one.trajectory) == 1, "a cut may have put somebody else there"


def test_shots_of_half_a_second_are_seen() -> None:
    wanted = FaceObserver(Seer(SHOTS, FEMALE), Seer(SHOTS, FEMALE), "toy@1", "f1").wants(VIDEO)
    assert wanted.every_seconds is not None
    assert wanted.every_seconds <= 0.5


@pytest.mark.parametrize(("female", "name"), [(0.9, "woman"), (0.6, "face"), (0.3, "face"), (0.1, "man")])
def test_woman_or_man_only_beyond_a_margin(female: float, name: str) -> None:
    (one,) = watched(Seer(SHOTS, {WOMAN: female}), frames([60, 60])).finish().records
    assert one.name == name


def test_a_frame_like_the_one_before_is_not_searched_again() -> None:
    seer = Seer(SHOTS, FEMALE)
    (one,) = watched(seer, frames([60, 60, 60, 60])).finish().records
    assert (seer.asked, len(one.trajectory)) == (1, 4)


@pytest.mark.parametrize("cut", range(1, 7))
def test_parts_joined_are_the_whole(cut: int) -> None:
    shots = [60, 110, 110, 160, 10, 250, 60]
    whole = watched(Seer(SHOTS, FEMALE), frames(shots)).finish()
    parts = [
        watched(Seer(SHOTS, FEMALE), frames(some, first)).finish_part(Span(0, 1, BASE))
        for first, some in ((0, shots[:cut]), (cut, shots[cut:]))
    ]
    joined = join_faces(parts, VIDEO, "f1", FaceConfig())
    assert joined.records == whole.records
    assert [item.vector_id for item in joined.vectors] == [item.vector_id for item in whole.vectors]
    for one, other in zip(joined.vectors, whole.vectors, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)


def test_a_video_without_anybody() -> None:
    output = watched(Seer(SHOTS, FEMALE), frames([10, 10])).finish()
    assert (output.records, output.vectors, output.blobs) == ((), (), ())
    parts = [watched(Seer(SHOTS, FEMALE), frames([10])).finish_part(Span(0, 1, BASE)) for _ in range(2)]
    assert join_faces(parts, VIDEO, "f1", FaceConfig()).records == ()
