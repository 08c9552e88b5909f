"""Captions: what a model writes about each clip of a video, stored as evidence; and their vectors, for search."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from encoders.spaces import collections
from pipeline.decode.decoder import Decoder
from pipeline.describe.sampled_frames import SampledFrames, clips_of, sampled_frames
from pipeline.stage import Memory, Stage
from stores.core.errors import KinodexError
from stores.core.ids import fingerprint, record_id
from stores.core.records import Caption, StageOutput, VectorItem

if TYPE_CHECKING:
    from encoders.bundle import Encoders

CAPTIONS = "captions"
CAPTION_VECTORS = "caption_vectors"

LONGEST_CAPTION = 600
"""Characters of a caption; longer texts are cut off. Source: our choice, about five sentences."""

_log = logging.getLogger(__name__)

_FRAMES_AT_A_TIME = 16  # passed to a describer at once: enough for a batch, few enough for memory


@dataclass(frozen=True, slots=True)
class CaptionConfig:
    """How clips are described.

    Attributes:
        frames: sampled from each clip; None for the describer's own default: one for an image captioner, several for
            a video language model.
        long_side: pixels of the longer side of these frames. 512 is one tile of a picture for most vision models.
        capfilt: drop captions of an image captioner that do not match their frame, if the profile has a ranker.
        least_match: probability of a match below which they do not. Source: BLIP, arXiv:2201.12086, section 3.3: a
            text is noise if the matching head predicts it as unmatched, that is below one half.
    """

    frames: int | None = None
    long_side: int = 512
    capfilt: bool = True
    least_match: float = 0.5


@dataclass(frozen=True, slots=True)
class Description:
    """One text about frames of a clip. ``score`` as in `stores.core.records.Caption`."""

    text: str
    ticks: tuple[int, ...]
    score: float | None = None


class Describer(Protocol):
    """Writes what clips show (`pipeline.describe.describers`, `agents.describing.captioner`)."""

    @property
    def model(self) -> str:
        """``name@revision`` of the model that writes."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """All models that the texts depend on."""
        ...

    @property
    def frames(self) -> int:
        """Frames per clip, if the config does not say."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """Everything else that the texts depend on, such as a prompt or a threshold."""
        ...

    @property
    def words(self) -> bool:
        """Whether it uses the speech and the screen text of a clip."""
        ...

    def describe(self, clips: Sequence[SampledFrames]) -> Sequence[list[Description] | KinodexError]:
        """The descriptions of each clip; an empty list for a clip about which it has nothing to say, and the error
        where it failed because of that clip alone."""
        ...


@runtime_checkable
class InformedDescriber(Protocol):
    """A describer that uses what is known about a video from outside (`pipeline.describe.about`)."""

    def informed(self, about: str) -> Describer:
        """The describer for one video, of which others write ``about``."""
        ...


def caption_stage(describer: Describer, config: CaptionConfig) -> Stage:
    """The stage `CAPTIONS` with this describer."""
    settings = {
        "frames": config.frames or describer.frames,
        "long_side": config.long_side,
        **describer.settings,
    }
    inputs = ("clips", "speech", "screentext") if describer.words else ("clips",)
    return Stage(CAPTIONS, "1", settings, describer.models, inputs)


def vector_stage(encoders: Encoders) -> Stage:
    """The stage `CAPTION_VECTORS`: a stage of its own, so that a new text model does not require new captions."""
    return Stage(CAPTION_VECTORS, "1", {}, (encoders.revision("text"),), (CAPTIONS,))


def fingerprint_of(stage: Stage, known: Mapping[str, str]) -> str:
    """The fingerprint of a stage whose inputs are the stages that a video has now.

    Args:
        known: fingerprints by stage that the video has or is about to get.
    """
    inputs = {name: known.get(name, "") for name in stage.inputs}
    return fingerprint(stage.name, stage.version, stage.config, stage.models, inputs)


def describe_clips(
    path: Path,
    memory: Memory,
    decoder: Decoder,
    describer: Describer,
    config: CaptionConfig | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
    on_failed: Callable[[KinodexError], None] = lambda _: None,
) -> StageOutput:
    """The captions of a video's clips, in order of time. The file is decoded only around the sampled frames.

    A clip that the describer fails at is left without a caption, which is logged: the same model would fail at it
    again. If it fails at all of them, the video has failed.

    Args:
        on_progress: called with the share of clips that is done, in [0, 1].
        on_failed: called with the error of each clip that is left out.

    Raises:
        MediaError: as `pipeline.decode.decoder.Decoder`.
        KinodexError, encoders.types.WeightsError: as the describer raises them, or of the first of all failed clips.
    """
    config = config or CaptionConfig()
    video = memory.video
    if video is None:
        return StageOutput()
    count = config.frames or describer.frames
    at_a_time = max(1, _FRAMES_AT_A_TIME // count)
    total = len(clips_of(memory))
    records: list[Caption] = []
    failed: list[KinodexError] = []
    clips = sampled_frames(path, memory, decoder, count, config.long_side, describer.words)
    done = 0
    while batch := list(islice(clips, at_a_time)):
        for sampled, descriptions in zip(batch, describer.describe(batch), strict=True):
            if isinstance(descriptions, KinodexError):
                _log.warning(
                    "%s: clip %s is not described: %s", video.video_id, sampled.clip.clip_id, descriptions.code
                )
                failed.append(descriptions)
                on_failed(descriptions)
            else:
                records += _captions(video.video_id, describer.model, sampled, descriptions)
        done += len(batch)
        on_progress(min(1.0, done / max(1, total)))
    if failed and len(failed) == done:
        raise failed[0]
    return StageOutput(tuple(records))


def caption_vectors(memory: Memory, encoders: Encoders, stage_fingerprint: str) -> StageOutput:
    """One text vector for each caption of a video.

    Args:
        stage_fingerprint: of `CAPTION_VECTORS`, for the ids of the vectors.
    """
    captions = [record for record in memory.records(CAPTIONS) if isinstance(record, Caption)]
    if not captions:
        return StageOutput()
    collection = collections(encoders).text
    vectors = encoders.text.encode_passages([caption.text for caption in captions])
    return StageOutput(
        vectors=tuple(
            VectorItem(
                collection=collection,
                vector_id=f"{stage_fingerprint}:{caption.evidence_id}:t",
                vector=vector,
                span=caption.span,
                channel="caption",
                clip_id=caption.clip_id,
                evidence_id=caption.evidence_id,
            )
            for caption, vector in zip(captions, vectors, strict=True)
        )
    )


def _captions(
    video_id: str, model: str, sampled: SampledFrames, descriptions: Sequence[Description]
) -> Iterator[Caption]:
    """Captions from descriptions: cleaned up, without empty and repeated texts."""
    texts: set[str] = set()
    for one in descriptions:
        text = " ".join(one.text.split())[:LONGEST_CAPTION].strip()
        if not text or text.casefold() in texts:
            continue
        texts.add(text.casefold())
        span = sampled.clip.span
        yield Caption(
            evidence_id=record_id("cap", video_id, span, sampled.clip.clip_id, text),
            span=span,
            text=text,
            clip_id=sampled.clip.clip_id,
            model=model,
            frames=one.ticks,
            score=one.score,
        )
