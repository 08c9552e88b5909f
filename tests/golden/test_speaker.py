"""The voice encoder against Resemblyzer 0.1.4 and librosa 0.11, which its weights were published with.

The numbers in ``data/speaker.json`` are theirs for `sound`: ``audio.wav_to_mel_spectrogram``, and ``VoiceEncoder`` on
the first 1.6 s and on the first second of it, each raised by ``audio.normalize_volume``.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from encoders.adapters.speaker.mels import mel_energies
from encoders.bundle import Encoders
from encoders.types import WeightsError

GOLDEN = json.loads(Path(__file__).with_name("data").joinpath("speaker.json").read_text())


def sound(seconds):
    """A hum of changing pitch and loudness, like a voice that says nothing."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    pitch = np.cumsum(120 + 30 * np.sin(2 * np.pi * 3 * times)) / 16_000
    voiced = sum(np.sin(2 * np.pi * k * pitch) / k for k in range(1, 20))
    return (0.004 * (1 + np.sin(2 * np.pi * 4 * times)) * voiced).astype(np.float32)


@pytest.fixture(scope="module")
def encoder():
    with Encoders.open("embedded") as encoders:
        try:
            encoders.registry.pull("ge2e-resemblyzer")
            encoder = encoders.speaker
        except WeightsError as error:
            pytest.skip(error.message)
        yield encoder


def test_mels_are_those_of_librosa():
    mels = mel_energies(sound(2.0))
    assert mels.shape == (GOLDEN["mel_frames"], 40)
    np.testing.assert_allclose(mels[GOLDEN["mel_rows"]], GOLDEN["mels"], rtol=1e-4, atol=1e-9)
    assert mel_energies(np.zeros(0, np.float32)).shape == (1, 40)


def test_vectors_are_those_of_resemblyzer(encoder):
    window, second = encoder.encode(sound(2.0), [(0.0, 1.6), (0.0, 1.0)])
    assert float(np.linalg.norm(window)) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(window[::8], GOLDEN["window"], atol=2e-5)
    np.testing.assert_allclose(second[::8], GOLDEN["second"], atol=2e-5)


def test_spans_are_seen_alone_wherever_they_lie(encoder):
    spans = [(0.0, 1.6), (0.4, 1.2), (1.0, 2.6), (1.9, 3.5)]
    together = encoder.encode(sound(2.0), spans)
    for span, vector in zip(spans, together, strict=True):
        np.testing.assert_allclose(encoder.encode(sound(2.0), [span])[0], vector, atol=1e-5)
    assert encoder.encode(sound(1.0), []).shape == (0, encoder.dim)
    assert np.isfinite(encoder.encode(np.zeros(16_000, np.float32), [(0.0, 1.0)])).all()
