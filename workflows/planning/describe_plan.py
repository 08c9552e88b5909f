"""The plan of a describe job: which stages are left for each video, and how many calls and tokens they may cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agents.describing.pieces import cost_of_script
from agents.llm.costs import PICTURE_TOKENS, estimated_tokens
from pipeline.describe.about import about_beside
from pipeline.describe.captions import (
    CAPTION_VECTORS,
    CAPTIONS,
    CaptionConfig,
    Describer,
    InformedDescriber,
    caption_stage,
    fingerprint_of,
    vector_stage,
)
from pipeline.stage import Stage
from stores.core.errors import UsageError
from stores.core.records import StageKey
from workflows.planning.budget import Estimate
from workflows.units import is_final

if TYPE_CHECKING:
    from agents.describing.script import ScriptWriter
    from agents.llm import Usage
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore

SCRIPT = "script"
DESCRIBING = (CAPTIONS, CAPTION_VECTORS, SCRIPT)
"""The stages of a describe job, in order; `ingest` does not run them."""

CLIP_TOKENS = 700
"""Tokens of one call apart from its pictures: instructions, schema, lines and reply. Source: our estimate."""

State = Literal["described", "outdated", "not_described", "failed"]


@dataclass(frozen=True, slots=True)
class DescribeSetup:
    """The models and settings of a describe job.

    Attributes:
        writer: writes scripts; None to write none.
        usage: counters of the language model endpoint; None if none is used.
        asks: whether the describer calls the endpoint, and not only the writer.
        portraits: pictures that it is shown with each clip besides the frames.
        metadata: whether it and the writer are told what is known about a video from outside.
        prices: of a million tokens (read, written); None if they are not known.
        retry: also retry what failed permanently or is quarantined.
    """

    describer: Describer
    config: CaptionConfig = field(default_factory=CaptionConfig)
    writer: ScriptWriter | None = None
    usage: Usage | None = None
    asks: bool = False
    portraits: int = 0
    metadata: bool = True
    prices: tuple[float, float] | None = None
    retry: bool = False

    def describer_of(self, about: str) -> Describer:
        """The describer for a video of which others write ``about``."""
        return (
            self.describer.informed(about)
            if about and isinstance(self.describer, InformedDescriber)
            else self.describer
        )

    def about(self, path: Path | None) -> str:
        """What the files beside a video say, if anything is told to the endpoint."""
        if path is None or not self.metadata or not (self.asks or self.writer is not None):
            return ""
        return about_beside(path).text

    def stages(self, encoders: Encoders, about: str = "") -> tuple[Stage, ...]:
        """The stages, each after its inputs.

        Args:
            about: what the files beside the video say. The tags of its container are no part of it: they change only
                with the video.
        """
        scripts = (self.writer.stage(about),) if self.writer is not None else ()
        return (caption_stage(self.describer_of(about), self.config), vector_stage(encoders), *scripts)


@dataclass(frozen=True, slots=True)
class PlannedDescription:
    """What is left to do for one video.

    Attributes:
        state: ``described`` if nothing is; ``outdated`` if the setup or the clips have changed since (the old captions
            stay in use until they are replaced); ``failed`` if it failed permanently (retry tries again).
        stage_fingerprints: fingerprint by stage, for all requested stages.
        left: the stages that are left to do.
        clips: how many; calls, tokens: of the endpoint, as estimated; a description or a sentence that is refused costs
            another call.
    """

    video_id: str
    uri: str
    state: State
    stage_fingerprints: Mapping[str, str]
    left: tuple[str, ...]
    seconds: float
    clips: int
    calls: int
    tokens: float

    @property
    def name(self) -> tuple[str, int | None, str]:
        """Identifies it within the job."""
        return self.video_id, None, ",".join(self.left)

    @property
    def stages(self) -> Mapping[str, str]:
        """Fingerprint by stage, for the stages that are left to do."""
        return {stage: self.stage_fingerprints[stage] for stage in self.left}

    def estimate(self, prices: tuple[float, float] | None = None) -> Estimate:
        """The expected cost.

        Args:
            prices: of a million tokens (read, written); nearly all are read.
        """
        return Estimate(tokens=self.tokens, money=self.tokens * prices[0] / 1e6 if prices else 0.0)


def plan_descriptions(
    store: LibraryStore, encoders: Encoders, video_ids: Iterable[str], setup: DescribeSetup
) -> list[PlannedDescription]:
    """What is left to do for each video, in the given order. Loads no model, writes nothing.

    Raises:
        UsageError: UNKNOWN_VIDEO for a video that has not been indexed.
    """
    wanted = list(dict.fromkeys(video_ids))
    known: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (video_id, stage), fingerprint in store.catalog.active_of(wanted).items():
        known[video_id][stage] = fingerprint
    return [_planned(store, video_id, encoders, known[video_id], setup) for video_id in wanted]


def _planned(
    store: LibraryStore,
    video_id: str,
    encoders: Encoders,
    known: Mapping[str, str],
    setup: DescribeSetup,
) -> PlannedDescription:
    uri = store.catalog.display_uri(video_id)
    if "clips" not in known:
        hint = "Run `kinodex ingest` on it first, or see `kinodex errors`."
        raise UsageError("UNKNOWN_VIDEO", f"{uri} has not been indexed.", hint)
    about = setup.about(store.catalog.path(video_id))
    stages = setup.stages(encoders, about)
    stage_fingerprints: dict[str, str] = {}
    for stage in stages:
        stage_fingerprints[stage.name] = fingerprint_of(stage, {**known, **stage_fingerprints})
    keys = [StageKey(video_id, *item) for item in stage_fingerprints.items()]
    receipts = {key.stage: store.ledger.state(key) for key in keys}
    done = {name for name, one in receipts.items() if one is not None and one.status == "done"}
    hopeless = {name for name, one in receipts.items() if one is not None and is_final(one) and not setup.retry} - done
    blocked = set(hopeless)
    for stage in stages:
        if blocked.intersection(stage.inputs):
            blocked.add(stage.name)
    left = tuple(name for name in stage_fingerprints if name not in done | blocked)
    clips = len(store.catalog.clips(video_id))
    calls, tokens = _cost(store, video_id, left, clips, setup, estimated_tokens(about))
    state: State = "described" if not left else "outdated" if CAPTIONS in known else "not_described"
    video = store.catalog.video(video_id)
    seconds = video.seconds if video is not None else 0.0
    return PlannedDescription(
        video_id, uri, "failed" if hopeless else state, stage_fingerprints, left, seconds, clips, calls, tokens
    )


def _cost(
    store: LibraryStore, video_id: str, left: Sequence[str], clips: int, setup: DescribeSetup, about: int
) -> tuple[int, float]:
    """Calls and tokens; ``about``: tokens of what is known from outside, which go with each call."""
    calls, tokens = 0, 0.0
    if CAPTIONS in left and setup.asks:
        pictures = (setup.config.frames or setup.describer.frames) + setup.portraits
        calls += clips
        tokens += clips * (CLIP_TOKENS + pictures * PICTURE_TOKENS + about)
    if setup.writer is not None and SCRIPT in left:
        lines = sum(len(store.catalog.evidence_of(video_id, channel)) for channel in ("speech", "screen"))
        asked, read = cost_of_script(clips + lines)
        calls += asked
        tokens += read + asked * about
    return calls, tokens
