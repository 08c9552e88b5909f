import time
from itertools import pairwise

import numpy as np
import pytest

from encoders.adapters.joined_speech import join_speech
from encoders.adapters.whisper import _no_loop
from encoders.types import SAMPLE_RATE, WeightsError

from .speech import silence, speak

SENTENCE = "Welcome to the kitchen. Today we cook fresh tomato soup."


@pytest.fixture(scope="module")
def sentence():
    return speak(SENTENCE)


@pytest.fixture(scope="module")
def recording(sentence):
    """Speech at 2 s, then a long silence, then speech again."""
    return np.concatenate([silence(2), sentence, silence(8), sentence, silence(3)])


@pytest.fixture(scope="module")
def spans(encoders, recording):
    return encoders.voice.detect(recording)


def test_voice_is_found_where_somebody_speaks(spans, sentence):
    length = len(sentence) / SAMPLE_RATE
    assert len(spans) == 2
    assert all(type(time) is float for span in spans for time in span)
    for (start, end), wanted in zip(spans, (2, 10 + length), strict=True):
        assert abs(start - wanted) < 0.6
        assert abs(end - wanted - length) < 0.8


def test_a_long_recording_is_looked_at_in_pieces(encoders, recording, spans, monkeypatch):
    monkeypatch.setattr(
        "encoders.adapters.silero._PIECE", int(4.5 * SAMPLE_RATE)
    )  # a border in the middle of the first speech
    found = encoders.voice.detect(recording)
    assert len(found) == len(spans)
    np.testing.assert_allclose(found, spans, atol=1.0)


def test_no_voice_in_silence_noise_or_nothing(encoders):
    noise = np.random.default_rng(1).normal(0, 0.05, SAMPLE_RATE * 3).astype(np.float32)
    assert encoders.voice.detect(silence(3)) == []
    assert encoders.voice.detect(noise) == []
    assert encoders.voice.detect(silence(0)) == []


def test_words_are_heard_with_their_times(encoders, recording, spans, sentence):
    heard = encoders.speech.recognize(recording, spans)
    assert heard.language == "en"
    assert heard.language_probability > 0.5
    text = " ".join(segment.text for segment in heard.segments).lower()
    assert text.count("kitchen") == 2
    assert text.count("tomato") == 2
    second = 10 + len(sentence) / SAMPLE_RATE
    kitchens = [w for s in heard.segments for w in s.words if w.text.lower().startswith("kitchen")]
    assert 2.3 < kitchens[0].start < 4.5
    assert second + 0.3 < kitchens[1].start < second + 2.5, "the silence that was left out is put back"
    for segment in heard.segments:
        assert 0 < segment.confidence <= 1
        assert segment.end - segment.start < 8, "no segment reaches over the silence"
        assert segment.start <= segment.words[0].start <= segment.words[-1].end <= segment.end
        assert type(segment.start) is float


def test_recognition_is_the_same_every_time(encoders, sentence):
    span = [(0.0, len(sentence) / SAMPLE_RATE)]
    assert encoders.speech.recognize(sentence, span) == encoders.speech.recognize(sentence, span)


def test_nothing_is_made_up_where_nobody_speaks(encoders):
    noise = np.random.default_rng(2).normal(0, 0.1, SAMPLE_RATE * 5).astype(np.float32)
    for sound in (silence(5), noise):
        started = time.monotonic()
        assert encoders.speech.recognize(sound, [(0.0, 5.0)]).segments == ()
        assert time.monotonic() - started < 15, "no loop of repeated words"


@pytest.mark.parametrize(("seconds", "speech"), [(0, []), (0, [(0.0, 1.0)]), (3, []), (3, [(5.0, 9.0)]), (3, [(1, 1)])])
def test_nothing_to_hear_gives_an_empty_transcript(encoders, seconds, speech):
    heard = encoders.speech.recognize(silence(seconds), speech)
    assert heard.segments == ()
    assert heard.language == ""


def test_a_model_folder_that_is_not_there_is_never_looked_for_elsewhere(tmp_path):
    from encoders.adapters.whisper import WhisperRecognizer

    with pytest.raises(WeightsError):
        WhisperRecognizer(tmp_path / "base")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError) as caught:
        WhisperRecognizer(tmp_path / "empty")
    assert caught.value.kind == "corrupt"


def test_joined_spans_lead_back_to_the_original_clock():
    samples = np.arange(10 * SAMPLE_RATE, dtype=np.float32)
    (piece,) = join_speech(samples, [(6.0, 7.0), (1.0, 3.0), (2.5, 4.0), (9.5, 12.0), (8.0, 8.01)])
    assert piece.spans == ((16_000, 64_000), (96_000, 112_000), (152_000, 160_000))
    assert piece.seconds == 4.5
    assert piece.original(0.5, 1.0) == (1.5, 2.0)
    assert piece.original(3.0, 3.5) == (6.0, 6.5)
    assert piece.original(3.9, 4.05) == (6.9, 7.0), "a word over the border stays in the span of its middle"
    assert piece.original(4.4, 5.5) == (9.9, 10.0)


def test_long_speech_is_cut_into_pieces_at_quiet_places():
    samples = np.ones(40 * SAMPLE_RATE, np.float32)
    samples[int(8.0 * SAMPLE_RATE) : int(8.3 * SAMPLE_RATE)] = 0
    pieces = list(join_speech(samples, [(0.0, 25.0), (30.0, 31.0)], longest=10.0))
    spans = [span for piece in pieces for span in piece.spans]
    assert 8.0 <= spans[0][1] / SAMPLE_RATE <= 8.3
    assert all(piece.seconds <= 10.0 for piece in pieces)
    assert sum(last - first for first, last in spans) == 26 * SAMPLE_RATE


def test_an_announcement_that_is_made_four_times_is_heard_once_with_its_times(encoders):
    words = ["Welcome aboard the city tour."]
    words += ["Please mind the gap between the train and the platform."] * 4
    words += ["The next station is Baker Street."]
    recording = np.concatenate([part for one in words for part in (speak(one), silence(0.5))])
    found = encoders.speech.recognize(recording, [(0.0, len(recording) / SAMPLE_RATE)])
    texts = [segment.text for segment in found.segments]
    assert "city tour" in texts[0]
    assert "next station" in texts[-1]
    assert all(before != text for before, text in pairwise(texts)), texts
    repeated = [segment for segment in found.segments if "mind the gap" in segment.text]
    once = len(speak(words[1])) / SAMPLE_RATE
    assert repeated[-1].end - repeated[0].start > 3.5 * once
    assert repeated[0].words[0].text == "Please"


class Said:
    """One segment as the model tells it."""

    def __init__(self, text, ratio=3.0, logprob=-0.2, no_speech=0.1):
        self.text, self.compression_ratio, self.avg_logprob, self.no_speech_prob = text, ratio, logprob, no_speech


@pytest.mark.parametrize(
    ("window", "kept"),
    [
        ([Said("Mind the gap."), Said("Mind the gap."), Said("Stand clear.")], 3),
        ([Said("Mind the gap.", logprob=-0.9), Said("Mind the gap.", logprob=-0.9)], 0),
        ([Said("Mind the gap.", no_speech=0.9)], 0),
        ([Said("the " * 60)], 0),
        ([Said("Mind the gap. " * 8 + "The next station is Baker Street.")], 1),
        ([Said("Any text.", ratio=2.0, logprob=-1.1)], 1),
    ],
)
def test_a_loop_of_the_model_is_dropped_and_what_it_is_sure_of_is_kept(window, kept):
    assert len(_no_loop(window)) == kept
