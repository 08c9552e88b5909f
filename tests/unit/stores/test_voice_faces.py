"""Voices and faces that go together, and those that only happen to be there."""

from __future__ import annotations

from fractions import Fraction

import pytest

from stores.core.records import FaceTrack, Span, SpeakerTurn
from stores.listing.voice_faces import possible_voice_faces, voice_faces

BASE = Fraction(1, 100)


def span(start: float, end: float) -> Span:
    return Span(round(start * 100), round(end * 100), BASE)


def turn(speaker: int, start: float, end: float) -> SpeakerTurn:
    return SpeakerTurn(f"spk_{start}", span(start, end), f"speaker {speaker}", "", speaker, 1.0)


def face(start: float, end: float, name: str = "face") -> FaceTrack:
    return FaceTrack(f"fac_{start}_{name}", span(start, end), name, "", (), 0.5, 1.0)


def interview(turns: int = 8, seconds: float = 4.0) -> tuple[list[SpeakerTurn], dict[str, list[FaceTrack]]]:
    """Two people in turns, each seen while speaking."""
    said = [turn(1 + number % 2, number * seconds, (number + 0.9) * seconds) for number in range(turns)]
    seen: dict[str, list[FaceTrack]] = {"ann": [], "bob": []}
    for number in range(turns):
        who, name = (("ann", "woman"), ("bob", "man"))[number % 2]
        seen[who].append(face(number * seconds, (number + 1) * seconds, name))
    return said, seen


def test_who_is_seen_while_speaking_is_who_speaks() -> None:
    pairs = {one.speaker: one for one in voice_faces(*interview())}
    assert {speaker: (one.face, one.sex) for speaker, one in pairs.items()} == {1: ("ann", "woman"), 2: ("bob", "man")}
    assert all(one.confidence > 0.9 for one in pairs.values())


def test_too_few_turns_prove_nothing() -> None:
    turns, faces = interview(turns=2)
    assert voice_faces(turns, faces) == ()


def test_who_is_seen_all_the_time_is_seen_by_chance() -> None:
    turns, _ = interview()
    assert voice_faces(turns, {"listener": [face(0, 32)]}) == ()


def test_two_faces_at_once_tell_nothing_of_who_speaks() -> None:
    turns, _ = interview()
    assert voice_faces(turns, {"ann": [face(0, 32, "woman")], "bob": [face(0, 32, "man")]}) == ()


def test_a_narrator_has_no_face() -> None:
    turns, faces = interview()
    narrated = [*turns, *(turn(3, 32 + n * 4, 35 + n * 4) for n in range(6))]
    faces["tree"] = []
    pairs = voice_faces(narrated, faces)
    assert {one.speaker for one in pairs} == {1, 2}


def test_the_only_face_is_likely_that_of_the_only_voice_but_it_is_not_sure() -> None:
    (pair,) = voice_faces([turn(1, 1, 9), turn(1, 10, 19)], {"ann": [face(0, 20, "woman")]})
    assert (pair.speaker, pair.face, pair.sex, pair.confidence) == (1, "ann", "woman", 0.5)
    assert voice_faces([turn(1, 1, 9)], {"ann": [face(0, 2, "woman")]}) == ()


def test_a_sex_that_is_told_this_way_and_that_is_not_known() -> None:
    tracks = [face(0, 10, "woman"), face(10, 20, "man"), face(20, 30)]
    (pair,) = voice_faces([turn(1, 0, 30)], {"ann": tracks})
    assert pair.sex == ""


@pytest.mark.parametrize("turns", [[], [turn(1, 0, 1)]])
def test_nothing_seen_or_nothing_said(turns: list[SpeakerTurn]) -> None:
    assert voice_faces(turns, {}) == ()
    assert voice_faces([], {"ann": [face(0, 1)]}) == ()


def test_a_voice_that_was_taken_for_two_goes_with_the_same_face() -> None:
    turns, faces = interview(16)
    halved = [
        turn(3, one.span.seconds[0], one.span.seconds[1]) if n >= 8 and one.speaker == 1 else one
        for n, one in enumerate(turns)
    ]
    every = {(one.speaker, one.face) for one in possible_voice_faces(halved, faces)}
    assert every == {(1, "ann"), (3, "ann"), (2, "bob")}
    assert len(voice_faces(halved, faces)) == 2
