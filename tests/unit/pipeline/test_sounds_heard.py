"""Real models on generated media: speech, music and silence at known times, and a transcript of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from agents.tagging.recall.sounds import SURELY_SUNG
from encoders.bundle import Encoders
from encoders.types import WeightsError
from pipeline.audio.inventions import without_inventions
from pipeline.audio.sound import SoundConfig, heard_in, join_sounds
from pipeline.audio.transcribe import AudioConfig
from pipeline.decode.decoder import Decoder
from pipeline.perceive import stages
from pipeline.perception import PerceptionConfig
from pipeline.stage import fingerprints
from stores.core.records import SoundEvent, StageOutput, Utterance, Video
from tests.unit.encoders.sounds import melody, music, noise
from tests.unit.encoders.speech import RATE, silence, speak
from tests.unit.pipeline.media import RED, flat, make_video
from tests.unit.pipeline.test_perceive import run

AUDIO = ("probe", "speech_activity", "speech", "sound")
LINE = "Please mind the gap between the train and the platform."


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded", threads=2) as opened:
        try:
            opened.registry.pull("fireredvad-aed")
        except WeightsError as error:
            pytest.skip(error.message)
        yield opened


def test_the_melodies_of_instruments_are_hardly_ever_surely_sung(encoders: Encoders) -> None:
    """Where `agents.tagging.recall.sounds.SURELY_SUNG` comes from; here a third of those melodies."""
    film = Video("vid_1", "0" * 64, 1, 12_000, Fraction(1, 1000), 0, 8, 8, 0, Fraction(25), False, "h264", "aac", "mp4")
    heard = []
    for seed, octave, vibrato in product(range(8), (1, 2, 4), (0.0, 0.01, 0.02)):
        sound = melody(12.0, seed, octave, vibrato)
        events = heard_in(sound, encoders.sounds.probabilities(sound), 0.0, film, SoundConfig())
        sung = [one for one in join_sounds(events, film, SoundConfig()) if one.name == "singing"]
        heard += [one.confidence for one in sung if one.span.duration >= 2.0]
    assert len(heard) > 10
    assert sum(sure >= SURELY_SUNG for sure in heard) <= 1


def test_a_film_of_speech_music_and_silence(tmp_path: Path, decoder: Decoder, encoders: Encoders) -> None:
    line, other = speak(LINE), speak("The next boat to the island leaves at noon.")
    spoken, song = len(line) / RATE, 10.0
    sound = np.concatenate([line, silence(4), music(song), silence(4), other])
    seconds = len(sound) / RATE
    path = make_video(tmp_path / "a.mkv", [flat(RED)] * round(seconds * 2), rate=2, sound=sound, audio_codec="flac")
    found = run(path, decoder, encoders, AUDIO)
    outputs = [found[stage] for stage in ("sound", "speech")]
    assert all(isinstance(one, StageOutput) for one in outputs)
    heard, said = (one.records for one in outputs)  # type: ignore[union-attr]
    events = [one for one in heard if isinstance(one, SoundEvent)]
    # The buzz of the synthetic voice counts as music for a second.
    events = [one for one in events if one.name != "music" or one.span.duration > 5]
    expected = [
        ("speech", 0.0, spoken),
        ("silence", spoken, spoken + 4),
        ("music", spoken + 4, spoken + 4 + song),
        ("silence", spoken + 4 + song, spoken + 8 + song),
        ("speech", spoken + 8 + song, seconds),
    ]
    assert [one.name for one in events] == [name for name, *_ in expected]
    assert np.allclose([one.span.seconds for one in events], [times for _, *times in expected], atol=0.8)
    texts = [one.text for one in said if isinstance(one, Utterance)]
    assert "gap" in texts[0]
    assert "noon" in texts[-1]
    assert len(texts) == 2, "nothing was said in the music"


def test_what_the_recogniser_writes_into_music_and_noise_is_dropped(encoders: Encoders) -> None:
    """Source: run on these sounds, Whisper is sure of some numbers in the second piece of music."""
    for sound in (music(30), 0.5 * music(30, seed=3), noise(30), noise(30, 0.002)):
        written = encoders.speech.recognize(sound, [(0.0, 30.0)]).segments
        kept = without_inventions(written, encoders.sounds.probabilities(sound))
        assert kept == []


def test_a_line_over_music_that_is_said_again_is_kept(encoders: Encoders) -> None:
    line = speak(LINE)
    sound = np.concatenate([line, silence(3), line])
    sound += 0.1 * music(len(sound) / RATE + 1)[: len(sound)]
    segments = encoders.speech.recognize(sound, encoders.voice.detect(sound)).segments
    assert segments
    assert without_inventions(segments, encoders.sounds.probabilities(sound)) == list(segments)


def test_inventions_may_be_kept_and_that_is_another_transcript(encoders: Encoders) -> None:
    usual, keeping = PerceptionConfig(), PerceptionConfig(audio=AudioConfig(inventions="keep"))
    one, two = (fingerprints(stages(encoders, config)) for config in (usual, keeping))
    assert one["speech"] != two["speech"]
    assert one["sound"] == two["sound"]
