"""Which frames and which seconds of sound Video-LLaMA takes, and how they are made ready.

Source: official code DAMO-NLP-SG/Video-LLaMA, video_llama/processors/video_processor.py (load_video) and
video_llama/models/ImageBind/data.py (load_and_transform_audio_data).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from encoders.reference.fbank import fbank
from encoders.types import SAMPLE_RATE, Pixels, check_frames

FRAMES, SIZE = 8, 224  # official demo
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)  # both official code, the numbers of openai/CLIP

CLIPS, CLIP_SECONDS = 8, 2  # official code: Video-LLaMA asks for 8 clips, ImageBind's are 2 s long
MEL_BINS, MEL_FRAMES = 128, 204
_MEL_MEAN, _MEL_DEVIATION = -4.268, 9.138  # official code facebookresearch/ImageBind, data.py
_WINDOW = SAMPLE_RATE * 25 // 1000  # samples of one mel frame


def frame_indices(total: int, wanted: int = FRAMES) -> list[int]:
    """``wanted`` indices, or all where there are fewer, that split ``total`` frames evenly from the first one on.

    The official stepping by a fraction overshoots by one frame for a few sizes, none of them with 8 frames; here
    there are never more than ``wanted``.

    Raises:
        ValueError: if either number is not positive.
    """
    if total < 1 or wanted < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be chosen")
    count = min(wanted, total)
    return [int(index) for index in np.arange(0, total, total / count)[:count]]


def head_tail_indices(total: int, wanted: int, random: np.random.Generator) -> list[int]:
    """As the training does: ``wanted`` / 2 different random frames of the first half, as many of the second, in order.

    Raises:
        ValueError: if a half has too few frames or nothing is wanted.
    """
    count = min(wanted, total)
    middle, half = total // 2, count // 2
    if half < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be split into halves")
    head = np.sort(random.choice(middle, half, replace=False))
    tail = np.sort(random.choice(np.arange(middle, total), half, replace=False))
    return [int(index) for index in (*head, *tail)]


def time_line(indices: Sequence[int], fps: float) -> str:
    """The sentence that tells the model when the frames were; its last character is a blank.

    Raises:
        ValueError: if there are no frames or ``fps`` is not positive.
    """
    if not indices or not fps > 0:
        raise ValueError(f"{len(indices)} frames at {fps} a second have no times")
    return time_line_at([index / fps for index in indices])


def time_line_at(seconds: Sequence[float]) -> str:
    """The same for frames of which the seconds are known, one for each.

    Raises:
        ValueError: if there are no frames.
    """
    if not len(seconds):
        raise ValueError("no frames have no times")
    times = ", ".join(str(round(float(second), 1)) for second in seconds)
    return f"The video contains {len(seconds)} frames sampled at {times} seconds. "


def preprocess(frames: Pixels) -> Tensor:
    """Frames (t, h, w, 3) for the vision tower: (3, t, 224, 224) float32, the colours first.

    Frames of another size are squashed to a square by Pillow's bicubic filter, as the official code does with images.
    Frames of videos it lets the decoder squash, which no other filter repeats exactly.

    Raises:
        ImportError: if frames must be scaled and Pillow is not installed.
        ValueError: if the frames have another shape or type.
    """
    check_frames(frames, least=1)
    if frames.shape[1:3] != (SIZE, SIZE):
        from PIL import Image

        pictures = [Image.fromarray(frame).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for frame in frames]
        frames = np.stack([np.asarray(picture) for picture in pictures])
    video = torch.from_numpy(np.array(frames)).permute(3, 0, 1, 2).float().div(255)
    return (video - torch.tensor(MEAN).view(3, 1, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1, 1)


def audio_clip_starts(duration: float, clips: int = CLIPS) -> list[Fraction]:
    """Exact seconds at which the clips of 2 s begin in sound of ``duration`` seconds.

    The last one begins ``1 / clips`` of the way before it could, so that the end of the sound is never heard; sound of
    up to 2 s gives equal clips.

    Raises:
        ValueError: if ``duration`` or ``clips`` is not positive.
    """
    if not duration > 0 or clips < 1:
        raise ValueError(f"{clips} clips of {duration} s of sound cannot be taken")
    last = Fraction(max(duration - CLIP_SECONDS, 0.0))
    return [last * index / clips for index in range(clips)]


def audio_clips(samples: Tensor, clips: int = CLIPS) -> Tensor:
    """Normalised log-mel clips (clips, 1, 128, 204) float32 of sound (n,) or (channels, n) at 16 kHz.

    As officially, each clip's mean over all channels is taken off the sound itself, so that later clips that overlap it
    are changed too; only the first channel is heard; and the picture is filled up with 0 before it is normalised.

    Raises:
        ValueError: if the sound has another shape or is shorter than one window of 25 ms.
    """
    if samples.ndim not in (1, 2) or samples.shape[-1] < _WINDOW or not samples.numel():
        raise ValueError(f"sound must be (n,) or (channels, n) with n >= {_WINDOW}, not {tuple(samples.shape)}")
    sound = samples.detach().float().reshape(-1, samples.shape[-1]).clone()
    pictures = []
    for start in audio_clip_starts(sound.shape[1] / SAMPLE_RATE, clips):
        clip = sound[:, int(start * SAMPLE_RATE) : int((start + CLIP_SECONDS) * SAMPLE_RATE)]
        clip -= clip.mean()
        mel = fbank(clip[0], sample_rate=SAMPLE_RATE, mel_bins=MEL_BINS, window="hanning").T[:, :MEL_FRAMES]
        pictures.append(functional.pad(mel, (0, MEL_FRAMES - mel.shape[1])))
    return (torch.stack(pictures)[:, None] - _MEL_MEAN) / _MEL_DEVIATION
