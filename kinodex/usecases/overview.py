"""What the library knows about one video and about itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.schemas.status import StatusDocument
from kinodex.schemas.videos import ShowDocument, shown
from stores.core.ids import base_stage

if TYPE_CHECKING:
    from kinodex.settings import Settings
    from stores.core.records import Receipt
    from stores.library_store import LibraryStore

Payload = dict[str, Any]


def one_video(store: LibraryStore, name: str) -> ShowDocument:
    """Everything stored about one video: media, stages, accepted tags, evidence.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES

    video_id = store.catalog.resolve(name)
    entry = store.catalog.entry(video_id)
    names = {tag.tag_id: tag.name for tag in store.tags.tags()}
    accepted = [made for made in store.tags.decisions(video_id) if made.decision == "accepted"]
    # What cannot even be probed waits for nothing.
    expected = () if entry.status in ("failed", "quarantined") else ("probe", *AUDIO_STAGES, *VIDEO_STAGES, *DERIVED)
    return shown(entry, accepted, names, store.catalog.evidence_of(video_id), expected)


def whole_library(store: LibraryStore, settings: Settings) -> StatusDocument:
    """Index health, counts, outcomes by stage and disk use."""
    from agents.search.finder import SEARCHED_STAGES
    from kinodex.usecases.describe import descriptions

    entries = store.catalog.videos()
    stages: dict[str, Counter[str]] = {}
    for entry in entries:
        for stage, ending in dict(entry.stages).items():
            stages.setdefault(stage, Counter())[ending] += 1
    receipts = store.ledger.receipts()
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
        "descriptions": descriptions(store, store.catalog.indexed()),
        "counts": {
            "videos": len(entries),
            "by_status": dict(Counter(entry.status for entry in entries)),
            "media_seconds": sum(entry.video.seconds for entry in entries if entry.video is not None),
            "tags": len(store.tags.tags()),
        },
        "stages": {stage: dict(endings) for stage, endings in stages.items()},
        "parts": _parts(receipts),
        "quarantined": sum(receipt.status == "quarantined" for receipt in receipts),
        "last_run": _last_run(store),
        "disk": _disk(settings.library),
    }
    return StatusDocument.model_validate(payload)


def _parts(receipts: Iterable[Receipt]) -> list[Payload]:
    """Long videos that are worked on part by part: ``[{video_id, stage, parts: {status: count}}]``."""
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for receipt in receipts:
        key = receipt.key
        if key.stage != base_stage(key.stage):
            counts[key.video_id, base_stage(key.stage)][receipt.status] += 1
    return [{"video_id": video, "stage": stage, "parts": dict(count)} for (video, stage), count in counts.items()]


def _last_run(store: LibraryStore) -> Payload | None:
    """The newest job: ``{run, command, started, ended, totals, report}``; ``ended`` is null while it runs, or if it
    was killed.
    """
    for run in store.runs.runs()[:1]:
        report = store.root / "reports" / f"run-{run.run_id:06d}.json"
        return {
            "run": run.run_id,
            "command": run.command,
            "started": run.started_at,
            "ended": run.finished_at,
            "totals": dict(run.summary),
            "report": str(report) if report.is_file() else None,
        }
    return None


def _disk(root: Path) -> dict[str, int]:
    """Bytes by top-level entry of the library's directory, and in all."""
    used = {entry.name: sum(map(_size, entry.rglob("*"))) + _size(entry) for entry in sorted(root.iterdir())}
    return {**{name: count for name, count in used.items() if count}, "total": sum(used.values())}


def _size(path: Path) -> int:
    # Whoever writes meanwhile may have removed it.
    with suppress(OSError):
        return path.stat().st_size if path.is_file() else 0
    return 0
