"""What the library knows about one video and about itself."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.schemas.status import LastRun, StatusDocument
from kinodex.schemas.videos import ShowDocument, shown
from stores.core.errors import UsageError
from stores.core.records import Utterance
from stores.listing.overview import overview
from stores.listing.speakers import speakers_of

if TYPE_CHECKING:
    from kinodex.settings import Settings
    from stores.catalog import VideoEntry
    from stores.library_store import LibraryStore

Payload = dict[str, Any]

_ID = re.compile("vid_[0-9a-f]*")


def one_video(store: LibraryStore, name: str) -> ShowDocument:
    """Everything stored about one video: media, stages, accepted tags, evidence.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    from pipeline.perception import AUDIO_STAGES, DERIVED, OPTIONAL_STAGES, VIDEO_STAGES

    video_id = store.catalog.resolve(name)
    entry = store.catalog.entry(video_id)
    accepted = [made for made in store.tags.decisions(video_id) if made.decision == "accepted"]
    names = store.tags.names(made.tag_id for made in accepted)
    # What cannot even be probed waits for nothing.
    every = ("probe", *AUDIO_STAGES, *VIDEO_STAGES, *DERIVED)
    ended = entry.status in ("failed", "quarantined")
    expected = () if ended else tuple(stage for stage in every if stage not in OPTIONAL_STAGES)
    voices = speakers_of(store, video_id)
    spoken = store.catalog.records(video_id, "speech") if voices.turns else ()
    speakers = {line.evidence_id: voices.of(line) for line in spoken if isinstance(line, Utterance)}
    return shown(entry, accepted, names, store.catalog.evidence_of(video_id), expected, speakers)


def page_of(store: LibraryStore, limit: int | None, after: str | None) -> tuple[list[VideoEntry], str]:
    """Videos by id: at most ``limit`` of those after ``after``, and the last of them if more follow ("" if none do).

    Args:
        after: an id or the beginning of one, whether or not there is such a video; or a path or a name of a video.

    Raises:
        UsageError: USAGE if ``after`` is none of these.
    """
    entries = store.catalog.page(limit, _id_of(store, after) if after else "")
    full = limit is not None and len(entries) == limit
    follows = full and bool(store.catalog.page(1, entries[-1].video_id))
    return entries, entries[-1].video_id if follows else ""


def _id_of(store: LibraryStore, video: str) -> str:
    if _ID.fullmatch(video):
        return video
    try:
        return store.catalog.resolve(video)
    except UsageError as error:
        message = f"--after takes the id of a video, such as vid_3f2a. {error.message}"
        raise UsageError("USAGE", message, error.hint) from None


def whole_library(store: LibraryStore, settings: Settings) -> StatusDocument:
    """Index health, counts, outcomes by stage and disk use."""
    from agents.search.finder import SEARCHED_STAGES

    found = overview(store)
    health = store.catalog.index_health(SEARCHED_STAGES)
    payload = {
        "library": str(settings.library),
        "profile": settings.profile,
        "places": settings.masked_places(),
        "index": {
            "state": health.state,
            "videos_indexed": health.videos_indexed,
            "videos_known": health.videos_known,
        },
        "descriptions": asdict(found.descriptions),
        "counts": {
            "videos": found.videos,
            "by_status": dict(found.statuses),
            "media_seconds": found.media_seconds,
            "tags": found.tags,
        },
        "stages": {stage: dict(outcomes) for stage, outcomes in found.stages.items()},
        # Long videos that are worked on part by part.
        "parts": [
            {"video_id": video_id, "stage": stage, "parts": dict(counts)}
            for (video_id, stage), counts in found.parts.items()
        ],
        "quarantined": found.quarantined,
        "last_run": _last_run(store),
        "disk": _disk(settings.library),
    }
    return StatusDocument.model_validate(payload)


def _last_run(store: LibraryStore) -> Payload | None:
    """The newest job: ``{run, command, started, ended, totals, report}``; ``ended`` is null while it runs, or if it
    was killed.
    """
    run = store.runs.newest()
    if run is None:
        return None
    report = store.root / "reports" / f"run-{run.run_id:06d}.json"
    return {
        "run": run.run_id,
        "command": run.command,
        "started": run.started_at,
        "ended": run.finished_at,
        "totals": dict(run.summary),
        "report": str(report) if report.is_file() else None,
    }


def outcome_of(run: LastRun) -> str:
    """How a job that did not finish ended, by its report: the code of an error, or INTERRUPTED; "" if it has none."""
    if run.report is None or run.ended is not None:
        return ""
    try:
        report = json.loads(Path(run.report).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(report.get("outcome", "")) if isinstance(report, dict) else ""


def _disk(root: Path) -> dict[str, int]:
    """Bytes by top-level entry of the library's directory, and in all."""
    with os.scandir(root) as entries:
        used = {entry.name: _bytes(entry) for entry in sorted(entries, key=lambda entry: entry.name)}
    return {**{name: count for name, count in used.items() if count}, "total": sum(used.values())}


def _bytes(entry: os.DirEntry[str]) -> int:
    # Another process may have removed it meanwhile.
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            with os.scandir(entry) as inside:
                return sum(map(_bytes, inside))
        return entry.stat().st_size if entry.is_file() else 0
    return 0
