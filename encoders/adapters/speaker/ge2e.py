"""The voice encoder of GE2E: 1.6 seconds of speech into a vector that is near others of the same voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from encoders.adapters.speaker.mels import HOP, MELS, mel_energies
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.registry.loading import LoadContext
from encoders.types import SAMPLE_RATE, Samples, Vectors

DIM = 256
FRAMES = 160
"""Frames of a window: 1.6 s, on which the network was trained."""

_HIDDEN = 256
_LAYERS = 3
_LOUDNESS = -30.0  # dB of full scale to which quieter sound is raised, as in training
_BATCH = 64  # windows at a time: faster than single ones, and 60 MB at most
_BLOCK = 4096  # windows whose mels are held at a time: 105 MB


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
    """Windows of sound into unit vectors of the voice heard in them.

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

    def encode(self, samples: Samples, starts: Sequence[float]) -> Vectors:
        """Vectors (n, 256) float32 of the windows of ``seconds`` that begin at each of n ``starts``.

        Each window is made as loud as those of the training, unless it is louder. Beyond the sound is silence.

        Args:
            samples: (m,) float32 mono at 16 kHz in [-1, 1].
            starts: seconds, in order, none negative.
        """
        found = [np.zeros((0, DIM), np.float32)]
        for begin in range(0, len(starts), _BLOCK):
            frames = np.round(np.asarray(starts[begin : begin + _BLOCK]) * SAMPLE_RATE / HOP).astype(np.int64)
            first, last = int(frames[0]), int(frames[-1]) + FRAMES
            # Half a window of sound more on either side: the frames at the ends see it.
            around = samples[max(0, (first - 2) * HOP) : (last + 2) * HOP]
            mels = mel_energies(around)[first - max(0, first - 2) :]
            mels = np.pad(mels, ((0, max(0, last - first - len(mels))), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(mels, FRAMES, axis=0)[frames - first].swapaxes(1, 2)
            found.append(self._vectors(windows * _gains(samples, frames)[:, None, None]))
        return np.concatenate(found)

    def _vectors(self, windows: NDArray[np.float32]) -> Vectors:
        rows = []
        with torch.inference_mode():
            for begin in range(0, len(windows), _BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(windows[begin : begin + _BATCH], np.float32))
                rows.append(self._network(batch.to(self._device)).float().cpu().numpy())
        return np.concatenate(rows)


def _gains(samples: Samples, frames: NDArray[np.int64]) -> NDArray[np.float32]:
    """By how much the energies (n,) of windows that begin at ``frames`` are raised: at least 1; 1 for silence."""
    length = FRAMES * HOP
    power = np.array(
        [np.mean(np.square(samples[one * HOP : one * HOP + length]), dtype=np.float64) for one in frames.tolist()]
    )
    wanted = 10.0 ** (_LOUDNESS / 10)
    return np.where(power > 1e-12, np.maximum(1.0, wanted / np.maximum(power, 1e-12)), 1.0).astype(np.float32)


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
