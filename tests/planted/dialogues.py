"""Dialogues spoken by packaged voices, with who says what when."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.planted import flite
from tests.planted.film import Say
from tests.planted.voices import spoken

RATE = 16_000
SENTENCES = (
    "The harbour was quiet when the first boats came in.",
    "I think we should wait until the weather gets better.",
    "Nobody told me about the meeting yesterday.",
    "My sister lives in a small house near the river.",
    "Can you bring the blue box from the kitchen please?",
    "He never understood why the trains were always late.",
    "There are seven apples on the table and two pears.",
    "We drove through the mountains for nearly nine hours.",
    "The old library closes at six on Fridays.",
    "She laughed so loudly that everybody turned around.",
    "Please write your name at the top of the page.",
    "That is exactly what I wanted to hear from you.",
    "Yes, of course.",
    "No, not at all.",
    "The doctor said it would take about three weeks to heal.",
    "It costs more than most people can afford.",
)
MAN, WOMAN, OTHER = "en", "en-us+f4", "en+Andrea"
"""Voices of espeak-ng that differ in more than their pitch."""

_LOUDNESS = 0.1  # root mean square of every sentence: who speaks is not to be told by how loud it is
_QUIET = 0.01  # of the loudest sample; what is quieter at either end is no speech


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is said.

    Attributes:
        voices: who speaks, one after the other.
        turns: how many turns; sentences: fewest and most in each; pauses: shortest and longest between two, seconds.
        noise_db: by how much the noise is quieter than the speech; None for none.
        pink: noise of equal power in each octave, as of a room or a street, instead of each hertz.
    """

    voices: tuple[str, ...]
    turns: int = 8
    sentences: tuple[int, int] = (1, 3)
    pauses: tuple[float, float] = (0.2, 1.0)
    noise_db: float | None = None
    seed: int = 0
    pink: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples (n,) float32 at 16 kHz, and (start, end, voice) of each sentence in seconds, its words in ``texts``."""

    samples: np.ndarray
    turns: tuple[tuple[float, float, str], ...]
    texts: tuple[str, ...] = field(default=())


def sentences_of(voices: Sequence[str], texts: Sequence[str] = SENTENCES) -> Mapping[tuple[str, str], np.ndarray]:
    """Every text spoken by every voice, by (text, voice): without silence at its ends, all equally loud.

    Raises:
        ImportError, WeightsError: if one is a voice of flite, as `tests.planted.flite.speak`.
    """
    says = [Say(text, 0.0, voice) for voice in voices if voice not in flite.VOICES for text in texts]
    sounds = {(say.text, say.voice): _even(sound) for say, sound in zip(says, spoken(says), strict=True)}
    for voice in voices:
        if voice in flite.VOICES:
            said = zip(texts, flite.speak(texts, voice), strict=True)
            sounds |= {(text, voice): _even(sound) for text, sound in said}
    return sounds


def speak(dialogue: Dialogue, sentences: Mapping[tuple[str, str], np.ndarray]) -> Spoken:
    """The dialogue, out of ready sentences; the same one always sounds the same."""
    chance = random.Random(dialogue.seed)
    samples, turns, texts = [np.zeros(RATE // 2, np.float32)], [], []
    length = len(samples[0])
    for number in range(dialogue.turns):
        voice = dialogue.voices[number % len(dialogue.voices)]
        for _ in range(chance.randint(*dialogue.sentences)):
            text = chance.choice(SENTENCES)
            sound = sentences[text, voice]
            turns.append((length / RATE, (length + len(sound)) / RATE, voice))
            texts.append(text)
            gap = np.zeros(round(chance.uniform(0.15, 0.3) * RATE), np.float32)
            samples += [sound, gap]
            length += len(sound) + len(gap)
        pause = np.zeros(round(chance.uniform(*dialogue.pauses) * RATE), np.float32)
        samples.append(pause)
        length += len(pause)
    sound = np.concatenate(samples)
    if dialogue.noise_db is not None:
        noise = np.random.default_rng(dialogue.seed).standard_normal(len(sound)).astype(np.float32)
        noise = _pink(noise) if dialogue.pink else noise
        sound = sound + noise * np.float32(_LOUDNESS * 10 ** (-dialogue.noise_db / 20))
    return Spoken(sound, tuple(turns), tuple(texts))


def _pink(noise: np.ndarray) -> np.ndarray:
    """White noise (n,) as pink one of the same power."""
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum /= np.sqrt(np.maximum(hertz, 20.0))  # nobody hears what is lower
    made = np.fft.irfft(spectrum, len(noise))
    return np.asarray(made * (np.std(noise) / np.std(made)), np.float32)


def _even(sound: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(sound) > _QUIET * np.abs(sound).max())
    cut = sound[loud[0] : loud[-1] + 1]
    return np.asarray(cut * (_LOUDNESS / np.sqrt(np.mean(np.square(cut)))), np.float32)
