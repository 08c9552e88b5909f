"""Who speaks when, in dialogues that packaged voices speak: their truth is known to the sample."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
import pytest

from benchmarks.speaker_error.diarization import diarization_error
from encoders.bundle import Encoders
from encoders.types import WeightsError
from pipeline.audio.pieces import Pieces, between_pauses
from pipeline.audio.speakers import SpeakerConfig, SpeakerListener, speaker_turns
from pipeline.audio.voices import voices_of
from stores.core.errors import MediaError
from stores.core.records import Blob, SpeakerTurn, StageOutput, Video
from tests.planted.dialogues import MAN, OTHER, RATE, WOMAN, Dialogue, Spoken, sentences_of, speak

CONFIG = SpeakerConfig()
BASE = Fraction(1, 1000)


@pytest.fixture(scope="module")
def encoders():
    with Encoders.open("embedded") as opened:
        try:
            opened.registry.pull("ge2e-resemblyzer")
            assert opened.speaker
        except WeightsError as error:
            pytest.skip(error.message)
        yield opened


@pytest.fixture(scope="module")
def sentences() -> Mapping[tuple[str, str], np.ndarray]:
    return sentences_of((MAN, WOMAN, OTHER))


def video(seconds: float) -> Video:
    ticks = round(seconds * 1000)
    return Video(
        "vid_" + "0" * 20, "0" * 64, 1, ticks, BASE, 0, 64, 64, 0, Fraction(25), False, "h264", "aac", "matroska"
    )


def heard(encoders: Encoders, samples: np.ndarray, start: float = 0.0) -> StageOutput:
    listener = SpeakerListener(encoders.speaker, "speaker-test")
    listener.hear(samples, start, encoders.voice.detect(samples))
    return listener.output()


def turns_of(encoders: Encoders, said: Spoken) -> list[SpeakerTurn]:
    output = speaker_turns([heard(encoders, said.samples)], video(len(said.samples) / RATE), "fp", CONFIG)
    return [one for one in output.records if isinstance(one, SpeakerTurn)]


def named(turns: list[SpeakerTurn]) -> list[tuple[float, float, int]]:
    return [(*one.span.seconds, one.speaker) for one in turns]


DIALOGUES = {
    "two": Dialogue((MAN, WOMAN), 10, seed=1),
    "quick": Dialogue((MAN, WOMAN), 10, sentences=(1, 1), pauses=(0.05, 0.2), seed=2),
    "slow": Dialogue((WOMAN, OTHER), 6, sentences=(3, 4), pauses=(0.5, 3.0), seed=3),
    "noise": Dialogue((MAN, OTHER), 8, noise_db=20.0, seed=4),
    "three": Dialogue((MAN, WOMAN, OTHER), 12, seed=5),
    "a man alone": Dialogue((MAN,), 6, seed=6),
    "a woman alone": Dialogue((WOMAN,), 6, pauses=(0.5, 3.0), seed=7),
    "loud noise": Dialogue((MAN, WOMAN), 8, noise_db=10.0, seed=9),
    "loud noise of a street": Dialogue((WOMAN, OTHER), 8, noise_db=10.0, pink=True, seed=10),
    "noise, alone": Dialogue((OTHER,), 6, noise_db=20.0, seed=8),
}


def test_diarisation_error_of_dialogues(encoders: Encoders, sentences: Mapping[tuple[str, str], np.ndarray]) -> None:
    errors = []
    for name, dialogue in DIALOGUES.items():
        said = speak(dialogue, sentences)
        turns = turns_of(encoders, said)
        assert {one.speaker for one in turns} == set(range(1, len(dialogue.voices) + 1)), name
        assert turns[0].name == "speaker 1"
        errors.append(diarization_error(said.turns, named(turns)))
        assert errors[-1].rate <= 0.2, name
    assert reduce(add, errors).rate <= 0.1


def test_turns_are_in_order_and_apart_and_each_voice_has_one_vector(
    encoders: Encoders, sentences: Mapping[tuple[str, str], np.ndarray]
) -> None:
    said = speak(DIALOGUES["three"], sentences)
    output = speaker_turns([heard(encoders, said.samples)], video(len(said.samples) / RATE), "fp", CONFIG)
    turns = [one for one in output.records if isinstance(one, SpeakerTurn)]
    assert all(one.span.end <= other.span.start for one, other in itertools.pairwise(turns))
    assert all(0 < one.confidence <= 1 for one in turns)
    assert len({one.evidence_id for one in turns}) == len(turns)
    assert len(output.vectors) == 3
    by_id = {one.evidence_id: one for one in turns}
    for item in output.vectors:
        longest = by_id[item.evidence_id]
        assert item.collection == "speaker-test"
        assert item.channel == "speaker"
        same = [one.span.end - one.span.start for one in turns if one.speaker == longest.speaker]
        assert longest.span.end - longest.span.start == max(same)
        assert float(np.linalg.norm(item.vector)) == pytest.approx(1.0, abs=1e-4)


def test_voices_of_a_long_video_are_not_doubled_at_its_parts(
    encoders: Encoders, sentences: Mapping[tuple[str, str], np.ndarray]
) -> None:
    said = speak(DIALOGUES["two"], sentences)
    whole = turns_of(encoders, said)
    cuts = [0, *(round((a[1] + b[0]) / 2 * RATE) for a, b in zip(said.turns[3::5], said.turns[4::5], strict=False))]
    ends = [*cuts[1:], len(said.samples)]
    assert len(cuts) > 2
    parts = [heard(encoders, said.samples[a:b], a / RATE) for a, b in zip(cuts, ends, strict=True)]
    joined = speaker_turns(parts, video(len(said.samples) / RATE), "fp", CONFIG)
    turns = [one for one in joined.records if isinstance(one, SpeakerTurn)]
    assert len(joined.vectors) == 2
    assert diarization_error(named(whole), named(turns)).rate < 0.02  # type: ignore[arg-type]


def test_two_men_of_one_kind_of_recording_are_not_one_in_noise(encoders: Encoders) -> None:
    try:
        sentences = sentences_of(("rms", "awb"))
    except WeightsError as error:
        pytest.skip(error.message)
    said = speak(Dialogue(("rms", "awb"), 10, noise_db=20.0, seed=5), sentences)
    turns = turns_of(encoders, said)
    assert {one.speaker for one in turns} == {1, 2}
    assert diarization_error(said.turns, named(turns)).rate <= 0.1


def test_steady_noise_is_taken_off_a_voice(encoders: Encoders, sentences: Mapping[tuple[str, str], np.ndarray]) -> None:
    said = speak(Dialogue((OTHER,), 4, seed=8), sentences).samples
    noise = np.random.default_rng(0).standard_normal(len(said)).astype(np.float32)
    noisy = said + 0.1 * 10 ** (-20 / 20) * noise
    spans = [(start, start + 1.6) for start in np.arange(0.5, len(said) / RATE - 1.6, 1.0)]
    voice, heard, cleaned = (
        encoders.speaker.encode(sound, spans, clean=clean)
        for sound, clean in ((said, False), (noisy, False), (noisy, True))
    )
    assert float((voice * cleaned).sum(axis=1).mean()) > float((voice * heard).sum(axis=1).mean()) + 0.05
    silent = encoders.speaker.encode(said, spans, clean=True)
    np.testing.assert_allclose(silent, voice, atol=1e-3)  # pauses without any sound: there is no noise


def test_silence_music_and_no_sound_have_no_speakers(encoders: Encoders) -> None:
    quiet = np.zeros(RATE * 5, np.float32)
    hum = (0.1 * np.sin(2 * np.pi * 220 * np.arange(RATE * 5) / RATE)).astype(np.float32)
    for samples in (quiet, hum, quiet[:0]):
        assert speaker_turns([heard(encoders, samples)], video(5), "fp", CONFIG).records == ()
    assert speaker_turns([StageOutput()], video(5), "fp", CONFIG).records == ()


def test_sound_that_cannot_be_decoded_in_any_part_is_an_error() -> None:
    lost = StageOutput(blobs=(Blob("undecodable_audio.json", b"[]"),))
    with pytest.raises(MediaError) as caught:
        speaker_turns([lost, lost], video(5), "fp", CONFIG)
    assert caught.value.code.name == "AUDIO_DECODE_FAILED"
    assert speaker_turns([lost, StageOutput()], video(5), "fp", CONFIG).records == ()


def test_many_pieces_are_clustered_in_groups() -> None:
    chance = np.random.default_rng(0)
    who = np.arange(2300) % 3
    centres = np.eye(3, 16, dtype=np.float32)
    rows = centres[who] + chance.normal(0, 0.1, (2300, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    starts = np.arange(2300) * 3.0
    pieces = Pieces(np.stack([starts, starts + 2.0], 1), rows * 4, np.full(2300, 4))
    assert voices_of(pieces).tolist() == who.tolist()
    assert set(voices_of(pieces, replace(CONFIG, like=-1.0)).tolist()) == {0}


def test_pauses_cut_speech_unless_it_never_grows_quiet() -> None:
    tone = (0.1 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32)
    gap = np.zeros(RATE // 2, np.float32)
    samples = np.concatenate([gap, tone, gap, tone, gap])
    (a, b), (c, d) = between_pauses(samples, [(0.2, 3.4)])
    assert (a, b, c, d) == pytest.approx((0.5, 1.5, 2.0, 3.0), abs=0.05)
    loud = samples + 0.1 * np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    assert between_pauses(loud, [(0.2, 3.4)]) == [(0.2, 3.4)]
    assert between_pauses(samples, []) == between_pauses(samples[:0], [(0.0, 1.0)]) == []
