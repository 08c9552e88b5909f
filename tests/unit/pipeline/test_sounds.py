"""What is heard when: spans of sounds out of probabilities, silence by level, and what units and parts join to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from encoders.types import SOUND_FRAME, SpeechSegment, WordTime
from pipeline.audio.inventions import without_inventions
from pipeline.audio.sound import SoundConfig, heard_in, join_sounds, soundless
from stores.core.records import SoundEvent, Video
from tests.unit.encoders.sounds import noise

BASE = Fraction(1, 1000)
CONFIG = SoundConfig()


def video(seconds: float = 60.0) -> Video:
    return Video("vid_a", "0" * 64, 1, round(seconds * 1000), BASE, 0, 320, 180, 0, 25.0, False, "h264", "aac", ())


def heard(seconds: float, **sounds: Sequence[tuple[float, float]]) -> np.ndarray:
    """Probabilities: .9 where a sound is heard, else .1."""
    found = np.full((round(seconds * 100), 3), 0.1, np.float32)
    for column, name in enumerate(("speech", "singing", "music")):
        for start, end in sounds.get(name, ()):
            found[round(start * 100) : round(end * 100), column] = 0.9
    return found


def times(events: Sequence[SoundEvent]) -> list[tuple[str, float, float]]:
    return [(one.name, *(round(second, 1) for second in one.span.seconds)) for one in events]


def test_short_breaks_belong_to_a_sound_and_short_sounds_are_none() -> None:
    found = heard(30, speech=[(1, 3), (3.5, 6), (9, 9.2)], music=[(2, 12), (20, 28)])
    events = join_sounds(heard_in(noise(30), found, 0.0, video(), CONFIG), video(), CONFIG)
    assert times(events) == [("speech", 1.0, 6.0), ("music", 2.0, 12.0), ("music", 20.0, 28.0)]
    assert all(0.85 < one.confidence <= 0.9 for one in events)
    assert events[1].name_zh.split(";")[0] == "音乐"


def test_silence_is_what_is_below_sixty_decibels_for_two_seconds() -> None:
    sound = noise(20)
    for start, end in ((2, 5), (8, 9), (12, 16)):
        sound[start * 16_000 : end * 16_000] *= 1e-3
    events = join_sounds(heard_in(sound, heard(20, music=[(0, 20)]), 0.0, video(20), CONFIG), video(20), CONFIG)
    assert [one for one in times(events) if one[0] == "silence"] == [("silence", 2.0, 5.0), ("silence", 12.0, 16.0)]
    assert times(events)[0] == ("music", 0.0, 2.0), "silence overlaps nothing"
    assert [one for one in times(events) if one[0] == "music"][1:] == [("music", 5.0, 12.0), ("music", 16.0, 20.0)]


@pytest.mark.parametrize("cut", [4.0, 10.0, 13.3])
def test_units_join_to_what_one_unit_would_be(cut: float) -> None:
    sound, found = noise(20), heard(20, speech=[(3, 4.2)], music=[(6, 17)])
    sound[: 3 * 16_000] = sound[18 * 16_000 :] = 0.0
    whole = join_sounds(heard_in(sound, found, 0.0, video(20), CONFIG), video(20), CONFIG)
    frames = round(cut * 100)
    one = heard_in(sound[: frames * SOUND_FRAME], found[:frames], 0.0, video(20), CONFIG)
    two = heard_in(sound[frames * SOUND_FRAME :], found[frames:], cut, video(20), CONFIG)
    joined = join_sounds([*one, *two], video(20), CONFIG)
    assert times(joined) == times(whole)
    assert [one.evidence_id for one in joined] == [one.evidence_id for one in whole]


def test_where_there_is_no_sound_it_is_silent() -> None:
    assert times(join_sounds(soundless(0.0, 60.0, video()), video(), CONFIG)) == [("silence", 0.0, 60.0)]
    assert join_sounds(soundless(59.0, 60.0, video()), video(), CONFIG) == []
    assert soundless(3.0, 3.0, video()) == []


def line(text: str, start: float, end: float, confidence: float) -> SpeechSegment:
    return SpeechSegment(text, start, end, confidence, (WordTime(text, start, end, confidence),))


def texts(segments: Sequence[SpeechSegment], found: np.ndarray, before: Sequence[str] = ()) -> list[str]:
    return [one.text for one in without_inventions(segments, found, before)]


def test_doubtful_words_over_music_are_invented() -> None:
    found = heard(30, speech=[(0, 5)], music=[(6, 30)])
    lines = [line("Welcome.", 1, 4, 0.4), line("Thanks for watching.", 10, 12, 0.4), line("The end.", 20, 22, 0.9)]
    found[2000:2200, 0] = 0.3  # a voice is not ruled out
    assert texts(lines, found) == ["Welcome.", "The end."]


def test_where_music_explains_what_is_heard_and_no_voice_is_there_even_sure_words_are_invented() -> None:
    found = heard(30, music=[(6, 30)])
    found[:, :2] = 0.02
    assert texts([line("2.", 10, 12, 0.9), line("Over there!", 2, 3, 0.9)], found) == ["Over there!"]


def test_a_line_again_and_again_over_music_is_invented_and_by_a_voice_is_said() -> None:
    again = [line("Mind the gap.", at, at + 1.5, 0.9) for at in (1, 4, 7)]
    assert texts(again, heard(10, music=[(0, 10)])) == []
    assert texts(again, heard(10, speech=[(1, 2.5), (4, 5.5), (7, 8.5)])) == ["Mind the gap."] * 3
    assert texts(again, heard(10, singing=[(0, 10)])) == ["Mind the gap."] * 3


def test_the_line_before_again_where_nobody_speaks_is_invented() -> None:
    found = heard(20, speech=[(1, 3)])
    assert texts([line("So long!", 1, 3, 0.9), line("so long", 15, 16, 0.9)], found) == ["So long!"]
    assert texts([line("so long", 15, 16, 0.9)], found, before=["So long!"]) == []


def test_a_sure_line_that_one_model_alone_hears_is_kept() -> None:
    assert texts([line("Stop!", 5, 5.5, 0.8)], heard(10)) == ["Stop!"]
