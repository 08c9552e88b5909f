"""Synthesised speech for tests: espeak-ng called through ctypes, resampled to 16 kHz."""

from __future__ import annotations

import ctypes
import threading

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h: samples go to the callback, nothing is played
_UTF8 = 1  # espeakCHARS_UTF8
_RATE_PARAMETER = 1  # espeakRATE, words per minute

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_lock = threading.Lock()
_heard: list[NDArray[np.int16]] = []


@_CALLBACK
def _collect(samples, count, _events):
    if samples and count > 0:
        _heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
    return 0


def _start() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng did not start")
    library.espeak_SetSynthCallback(_collect)
    return library, rate


_espeak: tuple[ctypes.CDLL, int] | None = None


def speak(text: str, language: str = "en", words_per_minute: int = 140) -> NDArray[np.float32]:
    """The text read aloud: (n,) float32 mono at 16 kHz. ``language`` is an espeak voice: en, de, cmn, ..."""
    global _espeak
    with _lock:
        _espeak = _espeak or _start()
        library, rate = _espeak
        if library.espeak_SetVoiceByName(language.encode()) != 0:
            raise ValueError(f"espeak has no voice {language!r}")
        library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        _heard.clear()
        encoded = text.encode("utf-8")
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        sound = np.concatenate(_heard).astype(np.float32) / 32768.0
    times = np.arange(int(len(sound) * RATE / rate)) * rate / RATE
    return np.interp(times, np.arange(len(sound)), sound).astype(np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    """Digital silence at 16 kHz."""
    return np.zeros(int(seconds * RATE), np.float32)
