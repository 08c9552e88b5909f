"""Describers that run on this machine: image captioners, and video language models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.bundle import Encoders
from encoders.types import Captioner, ImageTextRanker
from pipeline.describe.captions import CaptionConfig, Description
from pipeline.describe.sampled_frames import SampledFrames

QUESTION = "Describe what happens in this video in one or two sentences."
"""The prompt of a video language model for each clip. Source: our choice."""

VIDEO_FRAMES = 8
"""Frames of a clip for a video language model. Source: Video-LLaVA and Video-LLaMA use 8."""


class VideoModel(Protocol):
    """A model that answers a question about several frames in order, such as `encoders.types.VideoDescriber`."""

    def describe(self, frames: NDArray[np.uint8], seconds: Sequence[float], question: str) -> str:
        """The answer; frames (n, h, w, 3) uint8 RGB, ``seconds`` when each of them is shown."""
        ...


class PictureDescriber:
    """An image captioner, which describes frames one by one; a ranker may drop captions that do not match (CapFilt).

    Args:
        load: returns the captioner; called when the first clip is described.
        model: its ``name@revision``.
        load_ranker, ranker: the same for the image-text matching model; None for no filter.
        least_match: probability below which a caption does not match.
        options: preprocessing and generation options of the captioner that its revision does not cover.
    """

    frames = 1
    words = False

    def __init__(
        self,
        load: Callable[[], Captioner],
        model: str,
        load_ranker: Callable[[], ImageTextRanker] | None = None,
        ranker: str = "",
        least_match: float = 0.5,
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self._load = load
        self._options = options
        self._load_ranker = load_ranker
        self._ranker = ranker
        self._least_match = least_match
        self.model = model

    @classmethod
    def of(cls, encoders: Encoders, config: CaptionConfig) -> PictureDescriber:
        """The captioner of a profile, and its ranker if there is one and captions are to be filtered.

        Raises:
            encoders.types.WeightsError: ``missing`` if the profile has no captioner. Missing weights are an error only
                when the first clip is described.
        """
        model = encoders.revision("captioner")
        # All but the batch size, which changes nothing.
        options = {name: value for name, value in encoders.spec("captioner").preprocessing.items() if name != "batch"}
        if not config.capfilt or not encoders.has("ranker"):
            return cls(lambda: encoders.captioner, model, options=options)
        ranker = encoders.revision("ranker")
        return cls(lambda: encoders.captioner, model, lambda: encoders.ranker, ranker, config.least_match, options)

    @property
    def models(self) -> tuple[str, ...]:
        """The captioner, and the ranker if there is one."""
        return (self.model, self._ranker) if self._load_ranker else (self.model,)

    @property
    def settings(self) -> Mapping[str, object]:
        """The captioner's options, and the threshold of the filter."""
        return {**self._options, **({"least_match": self._least_match} if self._load_ranker else {})}

    def describe(self, clips: Sequence[SampledFrames]) -> list[list[Description]]:
        """One caption for each frame, without those that do not match."""
        pixels = [clip.pixels for clip in clips]
        if len({one.shape[1:] for one in pixels}) == 1:
            captions = self._load().caption(np.concatenate(pixels))
        else:
            captions = [caption for one in pixels for caption in self._load().caption(one)]
        remaining = iter(captions)
        return [self._filtered(clip, [next(remaining) for _ in clip.ticks]) for clip in clips]

    def _filtered(self, clip: SampledFrames, captions: Sequence[str]) -> list[Description]:
        descriptions = []
        for number, (tick, caption) in enumerate(zip(clip.ticks, captions, strict=True)):
            if not caption.strip():
                continue
            score = None
            if self._load_ranker is not None:
                score = float(self._load_ranker().match(clip.pixels[number : number + 1], [caption])[0, 0])
                if score < self._least_match:
                    continue
            descriptions.append(Description(caption, (tick,), score))
        return descriptions


class VideoModelDescriber:
    """A video language model, which gets all frames of a clip together.

    Args:
        load: returns the model; called when the first clip is described.
        model: its ``name@revision``.
        frames: of each clip, unless the config says otherwise.
    """

    words = False

    def __init__(self, load: Callable[[], VideoModel], model: str, frames: int = VIDEO_FRAMES) -> None:
        self._load = load
        self.model = model
        self.frames = frames

    @property
    def models(self) -> tuple[str, ...]:
        """The one model."""
        return (self.model,)

    @property
    def settings(self) -> Mapping[str, object]:
        """The question."""
        return {"question": QUESTION}

    def describe(self, clips: Sequence[SampledFrames]) -> list[list[Description]]:
        """One text for each clip."""
        model = self._load()
        return [[Description(model.describe(clip.pixels, clip.seconds, QUESTION), clip.ticks)] for clip in clips]
