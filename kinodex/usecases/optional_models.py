"""Models that an ingest can do without: their packages are fetched when they are first wanted, and if that cannot be,
what needs them is left out and said so, and is pending until they are there."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from encoders.registry.hub import offline
from encoders.types import WeightsError

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from pipeline.perception import PerceptionConfig

AGAIN_SECONDS = 24 * 3600.0
"""Before a fetch that failed is tried again by itself: without a network, each would keep an ingest waiting. Ours."""

_log = logging.getLogger(__name__)


def fetch_optional(encoders: Encoders, config: PerceptionConfig) -> list[str]:
    """Fetch the optional models that the settings want and that are not here.

    Returns:
        For each that is still not here, which stage is left out for what reason, and what to do; also logged.
    """
    wanted = [("sound", "sounds")] if config.sound.enabled else []
    wanted += [("faces", "faces"), ("faces", "face")] if config.faces.enabled else []
    wanted += [("speakers", "speaker")] if config.speakers.enabled else []
    said = []
    for stage, task in wanted:
        if encoders.has(task) and not encoders.has_files(task) and (reason := _fetched(encoders, task)):
            said.append(f"The stage {stage} is left out: {reason}")
            _log.warning(said[-1])
    return said


def _fetched(encoders: Encoders, task: str) -> str:
    """Why a model cannot be had; "" once it is here."""
    name = encoders.spec(task).name
    advice = f"Run: kinodex models pull {name}"
    if setting := offline():
        return f"its model {name} is not here, and {setting} forbids fetching it. {advice}"
    failed = encoders.registry.cache / "packages" / f".failed-{name}"
    if failed.is_file() and time.time() - failed.stat().st_mtime < AGAIN_SECONDS:
        return f"its model {name} is not here, and could not be fetched lately. {advice}"
    try:
        encoders.registry.pull(name)
    except WeightsError as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        failed.touch()
        return f"{error.message} {advice}"
    failed.unlink(missing_ok=True)
    return ""
