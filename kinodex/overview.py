"""What the library knows about one video, about itself, and about everything that failed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex import payloads
from stores.errors import CODES

if TYPE_CHECKING:
    from kinodex.library import Library

Payload = dict[str, Any]


def one_video(library: Library, video: str) -> Payload:
    """Everything stored about one video: media, stages, accepted tags, evidence.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    video_id = library.resolve(video)
    entry = next(entry for entry in library.videos() if entry.video_id == video_id)
    names = {tag.tag_id: tag.name for tag in library.store.tags.tags()}
    accepted = [made for made in library.store.tags.decisions(video_id) if made.decision == "accepted"]
    return {
        **payloads.video(entry),
        "tags": [
            {"tag_id": made.tag_id, "name": names.get(made.tag_id, made.tag_id), "confidence": made.confidence}
            for made in accepted
        ],
        "evidence": payloads.evidence(library.store.catalog.evidence_of(video_id)),
    }


def whole_library(library: Library) -> Payload:
    """Index health, counts, endings by stage and disk use."""
    from agents.finder import SEARCHED_STAGES

    entries = library.videos()
    stages: dict[str, Counter[str]] = {}
    for entry in entries:
        for stage, ending in dict(entry.stages).items():
            stages.setdefault(stage, Counter())[ending] += 1
    health = library.store.catalog.index_health(SEARCHED_STAGES)
    return {
        "library": str(library.settings.library),
        "profile": library.settings.profile,
        "index": {
            "state": health.state,
            "videos_indexed": health.videos_indexed,
            "videos_known": health.videos_known,
        },
        "counts": {
            "videos": len(entries),
            "by_status": dict(Counter(entry.status for entry in entries)),
            "media_seconds": sum(entry.video.seconds for entry in entries if entry.video is not None),
            "tags": len(library.store.tags.tags()),
        },
        "stages": {stage: dict(endings) for stage, endings in stages.items()},
        "disk": _disk(library.settings.library),
    }


def _disk(root: Path) -> dict[str, int]:
    """Bytes by top-level entry of the library's directory, and in all."""
    used = {
        entry.name: sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
        if entry.is_dir()
        else entry.stat().st_size
        for entry in sorted(root.iterdir())
    }
    return {**{name: count for name, count in used.items() if count}, "total": sum(used.values())}


def failures(library: Library) -> list[Payload]:
    """Every input that could not be read and every stage that failed, as ``kinodex errors`` lists them."""
    uris = payloads.places(library)
    inputs = [
        ("", error.uri, "", error.error_code, error.error_message) for error in library.store.catalog.input_errors()
    ]
    stages = [
        (run.key.video_id, uris.get(run.key.video_id, ""), run.key.stage, run.error_code, run.error_message)
        for run in library.store.ledger.receipts()
        if run.status in ("failed", "quarantined")
    ]
    return [
        {
            "video_id": video_id,
            "uri": uri,
            "stage": stage,
            "code": code,
            "message": message,
            "blame": CODES[code].blame,
            "retryable": CODES[code].retryable,
        }
        for video_id, uri, stage, code, message in inputs + stages
    ]
