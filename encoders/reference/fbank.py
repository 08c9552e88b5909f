"""Log-mel filter banks as Kaldi computes them: what audio towers trained with Kaldi's front end want to hear.

Source: Kaldi, feat/feature-fbank.cc, feature-window.cc and mel-computations.cc; defaults where none are given here are
those of torchaudio.compliance.kaldi.fbank, with which the official audio encoders were trained.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = float(torch.finfo(torch.float32).eps)
"""Energies are raised to this before the logarithm, so silence becomes -15.94. Source: Kaldi."""

_POVEY = 0.85  # exponent of Kaldi's own window over the Hann window, feature-window.cc


def fbank(
    samples: Tensor,
    *,
    sample_rate: int = 16000,
    mel_bins: int = 128,
    frame_length_ms: float = 25.0,
    frame_shift_ms: float = 10.0,
    window: str = "hanning",
    preemphasis: float = 0.97,
    remove_dc_offset: bool = True,
    snip_edges: bool = True,
    low_freq: float = 20.0,
    high_freq: float = 0.0,
    use_energy: bool = False,
) -> Tensor:
    """Natural logarithms of mel energies, float32 (frames, mel_bins), without dither.

    Args:
        samples: (n,) floating; the scale is kept, so [-1, 1] and 16-bit numbers differ by a constant.
        window: ``hanning`` (symmetric Hann) or ``povey`` (that to the power 0.85).
        preemphasis: each sample less this much of the one before, after the frame's mean was taken off.
        remove_dc_offset: take off each frame's mean.
        snip_edges: only frames that lie wholly within the samples; otherwise one frame for each shift, with the
            samples mirrored at both ends.
        high_freq: upper end of the highest filter, Hz; 0 or less is counted from half the sample rate.
        use_energy: one column more, the last (as HTK has it): the logarithm of each frame's energy before pre-emphasis.

    Returns:
        No frames if there are fewer samples than one frame needs.

    Raises:
        ValueError: if the samples are not (n,) floating, or a parameter makes no sense.
    """
    if samples.ndim != 1 or not samples.is_floating_point():
        raise ValueError(f"samples must be floating numbers (n,), not {samples.dtype} {tuple(samples.shape)}")
    length, shift = int(sample_rate * frame_length_ms * 0.001), int(sample_rate * frame_shift_ms * 0.001)
    if length < 2 or shift < 1:
        raise ValueError(f"frames of {frame_length_ms} ms every {frame_shift_ms} ms are too short at {sample_rate} Hz")
    if not 0 <= preemphasis <= 1:
        raise ValueError(f"the pre-emphasis must be from 0 to 1, not {preemphasis}")
    size = 1 << (length - 1).bit_length()
    filters = mel_filters(mel_bins, size, sample_rate, low_freq, high_freq)
    shape = _window(window, length)
    frames = _frames(samples.float(), length, shift, snip_edges)
    if remove_dc_offset:
        frames = frames - frames.mean(dim=1, keepdim=True)
    energies = _log(frames.square().sum(dim=1, keepdim=True))
    # The first sample of a frame has none before it and is taken for its own predecessor.
    before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    frames = functional.pad((frames - preemphasis * before) * shape, (0, size - length))
    if not len(frames):  # no transform of no frames in this library
        return frames.new_empty(0, mel_bins + use_energy)
    power = torch.fft.rfft(frames).abs().square()
    mel = _log(power @ filters.T)
    return torch.cat([mel, energies], dim=1) if use_energy else mel


def mel_filters(
    mel_bins: int, fft_size: int, sample_rate: int = 16000, low_freq: float = 20.0, high_freq: float = 0.0
) -> Tensor:
    """Triangular filters, float32 (mel_bins, fft_size/2 + 1), equally wide and linear on the mel scale.

    Each reaches from the centre of the one before to the centre of the next. Half the sample rate itself is in none.
    A low filter that is narrower than the steps of the transform may hear nothing, as officially: of 128 filters over
    512 samples at 16 kHz, the fourth.

    Raises:
        ValueError: if there is no filter or the frequencies are not between 0 and half the sample rate.
    """
    nyquist = sample_rate / 2
    high = high_freq if high_freq > 0 else high_freq + nyquist
    if mel_bins < 1 or not 0 <= low_freq < high <= nyquist:
        raise ValueError(f"{mel_bins} filters from {low_freq} to {high} Hz are not possible at {sample_rate} Hz")
    lowest, highest = hertz_to_mel(low_freq), hertz_to_mel(high)
    step = (highest - lowest) / (mel_bins + 1)
    left = lowest + step * torch.arange(mel_bins, dtype=torch.float64).unsqueeze(1)
    frequencies = sample_rate / fft_size * torch.arange(fft_size // 2, dtype=torch.float64)
    mel = 1127.0 * torch.log1p(frequencies / 700.0)
    rising, falling = (mel - left) / step, (left + 2 * step - mel) / step
    filters = torch.minimum(rising, falling).clamp(min=0)
    return functional.pad(filters, (0, 1)).float()


def hertz_to_mel(frequency: float) -> float:
    """``1127 ln(1 + f / 700)``. Source: Kaldi, mel-computations.h."""
    return 1127.0 * math.log(1 + frequency / 700)


def _log(energy: Tensor) -> Tensor:
    return energy.clamp(min=EPSILON).log()


def _window(kind: str, length: int) -> Tensor:
    hann = torch.hann_window(length, periodic=False)
    if kind == "hanning":
        return hann
    if kind == "povey":
        return hann**_POVEY
    raise ValueError(f"the window must be hanning or povey, not {kind}")


def _frames(samples: Tensor, length: int, shift: int, snip_edges: bool) -> Tensor:
    if snip_edges:
        return samples.unfold(0, length, shift) if len(samples) >= length else samples.new_empty(0, length)
    count = (len(samples) + shift // 2) // shift
    if not count:
        return samples.new_empty(0, length)
    starts = torch.arange(count).unsqueeze(1) * shift + shift // 2 - length // 2
    places = starts + torch.arange(length)
    # Mirrored with the outermost sample twice, as often as needed: a saw-tooth of period 2 n.
    places = places.remainder(2 * len(samples))
    return samples[torch.minimum(places, 2 * len(samples) - 1 - places)]
