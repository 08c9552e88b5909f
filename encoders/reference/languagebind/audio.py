"""Sound as LanguageBind's audio tower wants it: a picture of mel bands by time, three times.

Source: official code PKU-YuanGroup/LanguageBind, languagebind/audio/processing_audio.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from encoders.reference.fbank import fbank
from encoders.types import SAMPLE_RATE

MEL_BINS, FRAMES = 112, 1036
"""Mel bands and frames of 10 ms of the released models. (The official training script says 126 bands; they do not.)"""

_MEAN, _DEVIATION = -4.2677393, 4.5689974  # of the training set's log-mel energies, official code
_WINDOW = SAMPLE_RATE * 25 // 1000  # samples of one mel frame


def mel_picture(samples: Tensor, frames: int = FRAMES, mel_bins: int = MEL_BINS) -> Tensor:
    """Normalised float32 (3, mel_bins, frames) of sound (n,) or (channels, n) at 16 kHz in [-1, 1].

    The mean over all channels is taken off, then only the first channel is heard. Sound that is too short is repeated,
    and all three channels are the same; of long sound they are the stretches of `chunk_starts`.

    Raises:
        ValueError: if the sound has another shape or kind, or is shorter than one window of 25 ms.
    """
    if samples.ndim not in (1, 2) or not samples.is_floating_point() or not len(samples):
        raise ValueError(f"sound must be floating (n,) or (channels, n), not {samples.dtype} {tuple(samples.shape)}")
    if samples.shape[-1] < _WINDOW:
        raise ValueError(f"sound must have {_WINDOW} samples or more, not {samples.shape[-1]}")
    sound = samples.detach().float()
    sound = sound - sound.mean()
    mel = fbank(sound if sound.ndim == 1 else sound[0], sample_rate=SAMPLE_RATE, mel_bins=mel_bins)
    if len(mel) < frames:
        mel = mel.repeat(-(-frames // len(mel)), 1)[:frames]
    chunks = [mel[start : start + frames].T for start in chunk_starts(len(mel), frames)]
    return (torch.stack(chunks) - _MEAN) / (2 * _DEVIATION)


def chunk_starts(total: int, frames: int = FRAMES) -> tuple[int, int, int]:
    """Where the front, middle and back stretch of ``frames`` begin among ``total`` frames.

    The possible starts are cut into thirds, as equal as can be, and the middle of each is taken. (The official code
    draws one of each at random, at inference too.) A third that is empty gives 0.

    Raises:
        ValueError: if there are fewer frames than one stretch needs.
    """
    starts = total - frames + 1
    if frames < 1 or starts < 1:
        raise ValueError(f"{total} frames hold no stretch of {frames}")
    size, rest = divmod(starts, 3)
    lengths = [size + (third < rest) for third in range(3)]
    front, middle, back = (sum(lengths[:third]) + (lengths[third] - 1) // 2 for third in range(3))
    return front, middle if lengths[1] else 0, back if lengths[2] else 0
