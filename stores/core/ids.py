"""Ids of videos by their content, of records by their position, and of stage runs by what they depend on."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stores.core.former_names import former_stage
from stores.core.records import Span

_NAMESPACE = uuid.UUID("6b696e6f-6465-5800-8000-000000000001")
_CHUNK = 1 << 20


def sha256_of(path: Path, on_piece: Callable[[], None] = lambda: None) -> str:
    """Hex sha256 of a file's content, read in pieces of 1 MiB.

    Args:
        on_piece: called before each piece is hashed; what it raises ends the reading.

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            on_piece()
            digest.update(piece)
    return digest.hexdigest()


def video_id(sha256: str) -> str:
    """``vid_`` and the first 80 bits of the content's hash: the same file under any name is one video."""
    return f"vid_{sha256[:20]}"


def record_id(prefix: str, video: str, span: Span, *parts: object) -> str:
    """A stable id for a record: uuid5 over the video, the integer span, its time base and ``parts``.

    Args:
        prefix: ``scn``, ``clp``, ``utt``, ``txt``, ``lbl``, ``trk``, ``fct``, ``cap`` or ``scr``.
        parts: what distinguishes two records of the same kind and span (a category, a text).
    """
    name = json.dumps([video, prefix, span.start, span.end, str(span.time_base), *map(str, parts)])
    return f"{prefix}_{uuid.uuid5(_NAMESPACE, name).hex[:20]}"


def fingerprint(
    stage: str,
    version: str,
    config: Mapping[str, object],
    models: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
) -> str:
    """Hash of everything a stage's result depends on apart from the video itself.

    A renamed stage is hashed under its former name, so that its results in existing libraries stay valid.

    Args:
        config: the stage's frozen config as a JSON-able mapping; key order does not matter.
        models: ``name@revision`` of every model used.
        inputs: fingerprints of the stages it reads, by name.
    """
    named = {"stage": former_stage(stage), "version": version, "config": config, "models": sorted(models)}
    named["inputs"] = {former_stage(name): value for name, value in (inputs or {}).items()}
    canonical = json.dumps(named, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def part_stage(stage: str, number: int) -> str:
    """The ledger's name for part ``number`` (from 0) of a stage of a long video: ``pictures.003``."""
    return f"{stage}.{number:03d}"


def base_stage(name: str) -> str:
    """The stage that ``name`` names, or of which it names a part."""
    return name.partition(".")[0]
