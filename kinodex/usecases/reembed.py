"""Replacing the vectors of former models by those of the present ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.usecases.config import part_seconds, perception_config
from kinodex.usecases.ingest import IngestOptions, ingest, plan
from workflows.telemetry.progress import Progress, silent

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore
    from workflows.planning.plan import Plan
    from workflows.reembed import Reembedded, ReembedPlan


def plan_reembed(
    store: LibraryStore, encoders: Encoders, settings: Settings, channels: Sequence[str]
) -> tuple[ReembedPlan, Plan]:
    """Which videos have vectors of former models, and what new ones would cost.

    Args:
        channels: as `reembed`.
    """
    from workflows.reembed import plan_reembed

    found = plan_reembed(store, encoders, channels, perception_config(encoders, settings), part_seconds(settings))
    return found, plan(store, encoders, settings, found.paths, IngestOptions(only=found.stages))


def reembed(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    channels: Sequence[str],
    options: IngestOptions,
    progress: Progress = silent,
) -> tuple[Reembedded, Path | None, str]:
    """Replace the vectors of former models; each video's former ones serve until then.

    Args:
        channels: ``picture``, ``object``, ``speech``, ``screen``: only if that needs no other channel's
            stages; none for all that it takes.
        options: the stages to do follow from the channels.

    Returns:
        what was done, the path of the report (None if there is none), and why a budget stopped it ("").

    Raises:
        UsageError: USAGE if there is no such channel, or if vectors also wait for stages of other channels.
    """
    from workflows.reembed import Reembedded, clean, embed_captions, plan_reembed

    found = plan_reembed(store, encoders, channels, perception_config(encoders, settings), part_seconds(settings))
    report, path, stopped = None, None, ""
    if found.paths:
        made = ingest(store, encoders, settings, found.paths, replace(options, only=found.stages), progress)
        report, path, stopped = made.report, made.path, made.stopped
    captions = embed_captions(store, encoders, found.captions)
    return Reembedded(found, report, captions, clean(store)), path, stopped
