"""Tagging many videos: the plan of it, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinodex.usecases.config import open_llm

if TYPE_CHECKING:
    from agents.llm import LLM, EndpointSettings
    from agents.tagging.graph import Tagger
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore
    from workflows.tagging.batch import OnVideo, Since, TaggingPlan, TaggingReport
    from workflows.tagging.tagger_config import TaggerConfig


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch runs; where, the settings say (``executor``, ``workers``, ``ray_address``).

    Attributes:
        since: ``last`` for videos that changed since they were last tagged, or whose vocabulary or ranker did; "" for
            all.
        on_video: called with each video's receipt, how many ended, and how many there are.
        command: the command line, for the log of runs.
    """

    since: Since = ""
    on_video: OnVideo = lambda _receipt, _done, _of: None
    command: str = "tag"


def tag_batch(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    tagger: Tagger,
    video_ids: Sequence[str],
    options: BatchOptions = BatchOptions(),
) -> TaggingReport:
    """Decide which tags fit each of many videos; videos that fail are reported, not raised.

    Args:
        tagger: opened, so that all tags have their vectors before there are workers.

    Raises:
        KinodexError: as `workflows.tagging.batch.tag_batch`.
    """
    from workflows.tagging.batch import TaggingOptions
    from workflows.tagging.batch import tag_batch as run

    actors = _actors(store, encoders, settings) if settings.executor == "ray" else None
    how = TaggingOptions(options.since, settings.executor, settings.workers, actors, options.command)
    return run(store, tagger, video_ids, how, options.on_video)


@dataclass(frozen=True, slots=True)
class _Names:
    vocabulary: str
    revision: str


def plan_tagging(
    store: LibraryStore, encoders: Encoders, llm: LLM | None, video_ids: Sequence[str], since: Since
) -> TaggingPlan:
    """What `tag_batch` would do, without doing it and without preparing tags.

    Args:
        llm: that judges, as for the tagger.

    Raises:
        UsageError: NO_TAGS if the tag library is empty.
    """
    from agents.tagging.revision import ranker_of, vocabulary_of
    from stores.core.errors import UsageError
    from workflows.tagging.batch import plan

    tags = [tag for tag in store.tags.tags() if tag.status == "active"]
    if not tags:
        raise UsageError("NO_TAGS", "The tag library is empty.", "Import one with: kinodex tags import FILE.csv")
    names = _Names(vocabulary_of(tags), ranker_of(store, encoders, llm))
    return plan(store, names, video_ids, since)


def _actors(store: LibraryStore, encoders: Encoders, settings: Settings) -> TaggerConfig:
    from workflows.tagging.tagger_config import TaggerConfig

    return TaggerConfig(
        root=str(store.root),
        places=store.places,
        profile=encoders.profile,
        threads=encoders.threads,
        device=encoders.device,
        pins=encoders.registry.pins(encoders.profile),
        added=encoders.registry.added,
        pulled=encoders.pulled,
        endpoint=_endpoint(settings),
        address=settings.ray_address or None,
    )


def _endpoint(settings: Settings) -> EndpointSettings | None:
    """The model that judges, as `kinodex.library.Library.tagger` has it: that of this process is too small for it."""
    if settings.endpoint.local or not settings.endpoint.configured:
        return None
    llm = open_llm(settings)
    if llm is None:
        return None
    try:
        return llm.settings
    finally:
        llm.close()
