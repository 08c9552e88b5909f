"""Sounds made for tests, (n,) float32 mono at 16 kHz: their truth is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # C, Am, F, G in semitones above C
_BASE = 261.63


def music(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """A band: plucked chords two to a second, a bass, a melody of their notes, and drums."""
    chance = np.random.default_rng(seed)
    mixed = np.zeros(int((seconds + 1) * RATE), np.float64)
    for beat in range(int(seconds * 2)):
        chord = _CHORDS[beat // 4 % len(_CHORDS)]
        for semitone in (*chord, chord[0] - 24):
            _add(mixed, beat / 2, 0.12 * _pluck(semitone, 0.9))
        _add(mixed, beat / 2 + 0.25 * (beat % 2), 0.15 * _pluck(12 + chord[chance.integers(3)], 0.5))
        count = int(0.15 * RATE)
        fall = np.exp(-np.arange(count) / (0.03 * RATE))
        kick = np.sin(2 * np.pi * 55 * np.arange(count) / RATE) * fall
        _add(mixed, beat / 2, 0.4 * kick if beat % 2 == 0 else 0.15 * chance.normal(0, 1, count) * fall)
    return np.clip(mixed[: int(seconds * RATE)], -1, 1).astype(np.float32)


def melody(seconds: float, seed: int = 0, octave: int = 2, vibrato: float = 0.0) -> NDArray[np.float32]:
    """One instrument that plays notes of half a second to two, with eight overtones and perhaps a vibrato of 5.5 Hz."""
    chance = np.random.default_rng(seed)
    played = np.zeros(int(seconds * RATE), np.float64)
    first = 0
    while first < len(played):
        count = min(int(chance.choice([0.5, 1.0, 2.0]) * RATE), len(played) - first)
        time = np.arange(count) / RATE
        pitch = chance.choice([110.0, 130.8, 146.8, 164.8, 196.0]) * octave
        phase = 2 * np.pi * pitch * time + vibrato * pitch / 5.5 * np.sin(2 * np.pi * 5.5 * time)
        tones = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 9))
        played[first : first + count] = np.asarray(tones) * np.exp(-0.8 * time)
        first += count
    return (0.7 * played / np.abs(played).max()).astype(np.float32)


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> NDArray[np.float32]:
    """White noise of a standard deviation."""
    return np.random.default_rng(seed).normal(0, level, int(seconds * RATE)).astype(np.float32)


def _pluck(semitone: int, seconds: float) -> NDArray[np.float64]:
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = _BASE * 2 ** (semitone / 12)
    tones = sum(np.sin(2 * np.pi * pitch * k * time) * np.exp(-3 * k * time) / k for k in range(1, 6))
    return np.asarray(tones, np.float64)


def _add(mixed: NDArray[np.float64], at: float, sound: NDArray[np.float64]) -> None:
    first = int(at * RATE)
    mixed[first : first + len(sound)] += sound[: max(0, len(mixed) - first)]
