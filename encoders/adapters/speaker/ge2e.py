"""The voice encoder of GE2E: 1.6 seconds of speech into a vector that is near others of the same voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from encoders.adapters.speaker.mels import HOP, MELS, mel_energies, without_noise
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.registry.loading import LoadContext
from encoders.types import SAMPLE_RATE, Samples, Vectors

DIM = 256
FRAMES = 160
"""Frames of a window: 1.6 s, on which the network was trained."""

_HIDDEN = 256
_LAYERS = 3
_LOUDNESS = -30.0  # dB of full scale to which quieter sound is raised, as in training
_SILENT = 1e-12  # mean square of samples
_FIFTH = 20  # frames
_BATCH = 64  # spans at a time: faster than single ones, and 60 MB at most


class VoiceNetwork(nn.Module):
    """Three layers of LSTM, of whose last state a linear layer, ReLU and a unit length make the vector.

    Source: Wan et al. 2018, Generalized End-to-End Loss for Speaker Verification, arXiv:1710.10467; the ReLU is
    Resemblyzer's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MELS, _HIDDEN, _LAYERS, batch_first=True)
        self.linear = nn.Linear(_HIDDEN, DIM)

    def forward(self, mels: Tensor) -> Tensor:
        """Unit vectors (n, 256) of mel energies (n, frames, 40)."""
        _, (hidden, _) = self.lstm(mels)
        return functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1, eps=1e-5)


class VoiceEncoder:
    """Spans of sound into unit vectors of the voices heard in them.

    Args:
        network: in eval mode, on its device.
    """

    dim = DIM
    seconds = FRAMES * HOP / SAMPLE_RATE

    def __init__(self, network: VoiceNetwork, name: str = "ge2e-resemblyzer") -> None:
        self._network = network
        self._device = network.linear.weight.device
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def encode(self, samples: Samples, spans: Sequence[tuple[float, float]], clean: bool = False) -> Vectors:
        """Vectors (n, 256) float32 of the voices in n ``spans`` (start, end) in seconds.

        Each span is made as loud as the sound of the training, unless it is louder. Of a span longer than ``seconds``
        only its beginning counts, and of a shorter one as many fifths of a second as fit into it, at least two.

        Args:
            samples: (m,) float32 mono at 16 kHz in [-1, 1]; what lies beyond them is silence.
            clean: take the steady noise of the samples off first (`mels.without_noise`).
        """
        firsts = np.array([round(start * SAMPLE_RATE / HOP) for start, _ in spans], np.int64)
        lengths = np.array([_frames(end - start) for start, end in spans], np.int64)
        found = np.zeros((len(spans), DIM), np.float32)
        if not len(spans):
            return found
        mels = without_noise(mel_energies(samples)) if clean else mel_energies(samples)
        mels = np.pad(mels, ((0, max(0, int((firsts + lengths).max()) - len(mels))), (0, 0)))
        for length in np.unique(lengths):
            (rows,) = np.nonzero(lengths == length)
            for begin in range(0, len(rows), _BATCH):
                some = rows[begin : begin + _BATCH]
                windows = np.stack([mels[first : first + length] for first in firsts[some]])
                gains = [_gain(samples[first * HOP : (first + length) * HOP]) for first in firsts[some]]
                found[some] = self._vectors(windows * np.array(gains, np.float32)[:, None, None])
        return found

    def _vectors(self, windows: NDArray[np.float32]) -> Vectors:
        with torch.inference_mode():
            vectors = self._network(torch.from_numpy(windows).to(self._device))
        return np.asarray(vectors.float().cpu().numpy(), np.float32)


def _frames(seconds: float) -> int:
    """Frames of a span: whole fifths of a second, so that many spans are of one length and go through at a time."""
    return min(FRAMES, max(2 * _FIFTH, round(seconds * SAMPLE_RATE / HOP) // _FIFTH * _FIFTH))


def _gain(samples: Samples) -> float:
    """By how much energies are raised: at least 1; 1 for silence."""
    power = float(np.mean(np.square(samples), dtype=np.float64)) if len(samples) else 0.0
    return max(1.0, 10.0 ** (_LOUDNESS / 10) / power) if power > _SILENT else 1.0


def load(context: LoadContext) -> VoiceEncoder:
    """The voice encoder of the registry; the row's file has the role ``weights``.

    Raises:
        WeightsError: ``corrupt`` if the file does not hold this network.
    """
    torch.set_num_threads(context.threads)
    network = VoiceNetwork()
    state = read_checkpoint(context.paths["weights"], nests=("model_state",))
    # The scale and offset of GE2E's loss lie beside the network.
    load_strictly(network, state, context.spec.name, ignore=("similarity_weight", "similarity_bias"))
    return VoiceEncoder(network.eval().to(context.device), context.spec.name)
