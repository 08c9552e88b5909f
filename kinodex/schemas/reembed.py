"""Replacing vectors of former models: what there is to do, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number
from kinodex.schemas.ingest import IngestDocument, ingest
from kinodex.schemas.upkeep import Removed, VideoNamed, removed

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.planning.plan import Plan
    from workflows.reembed import Reembedded, ReembedPlan


class StageCount(Document):
    """A stage, and how many videos it runs on."""

    stage: str
    videos: int


class ReembedCost(Document):
    """As `kinodex.schemas.ingest.Cost`, with the time that ``workers`` workers take."""

    work_seconds: Number
    bytes: int
    tokens: int
    money: Number
    wall_seconds: Number
    workers: int


class ReembedPlanDocument(Document):
    """Which videos have vectors of former models, and what new ones cost.

    Attributes:
        channels: those asked for; none for all that it takes.
        indexed: how many videos can be searched; videos: of how many something is left to do.
        captions: videos whose captions need new vectors.
        gone: videos whose files are missing; their former vectors stay in use.
    """

    channels: list[str]
    indexed: int
    videos: int
    captions: int
    stages: list[StageCount]
    gone: list[VideoNamed]
    cost: ReembedCost


class ReembeddedDocument(Document):
    """What was done: ``ingest`` is null where no stage was left to do; ``captions`` counts videos."""

    ingest: IngestDocument | None
    captions: int
    removed: Removed


def reembed_plan(
    found: ReembedPlan, planned: Plan, channels: Sequence[str], uris: Mapping[str, str]
) -> ReembedPlanDocument:
    """The document of what there is to do.

    Args:
        found: which videos have vectors of former models; planned: what making new ones would do.
    """
    return ReembedPlanDocument(
        channels=list(channels),
        indexed=found.indexed,
        videos=planned.videos,
        captions=len(found.captions),
        stages=[StageCount(stage=stage, videos=count) for stage, count in planned.stages],
        gone=[VideoNamed(video_id=video_id, uri=uris.get(video_id, "")) for video_id in found.gone],
        cost=ReembedCost(
            work_seconds=planned.cost.seconds,
            bytes=round(planned.cost.bytes),
            tokens=round(planned.cost.tokens),
            money=planned.cost.money,
            wall_seconds=planned.wall_seconds,
            workers=planned.workers,
        ),
    )


def reembedded(made: Reembedded, path: Path | None, stopped: str) -> ReembeddedDocument:
    """The document of what was done; ``path`` and ``stopped`` as `kinodex.schemas.ingest.ingest`."""
    return ReembeddedDocument(
        ingest=ingest(made.report, path, stopped) if made.report is not None else None,
        captions=made.captions,
        removed=removed(made.swept),
    )
