"""Names that stages, blobs and kinds of records had in earlier versions, for libraries written then.

Tables are renamed by the migrations; files and objects keep their paths, and fingerprints do not change, so that no
stage is done again because of a name.
"""

from __future__ import annotations

_STAGES = {"speech_activity": "voice", "visual_stats": "look", "frame_hashes": "prints"}
_BLOBS = {"frame_hashes.npz": "prints.npz"}
_KINDS = {"SpeechActivity": "Voice"}
_CURRENT = {former: now for table in (_STAGES, _BLOBS, _KINDS) for now, former in table.items()}


def former_stage(stage: str) -> str:
    """The former name of a stage, or of a part of one (``frame_hashes.003``); ``stage`` itself if it had no other."""
    return _renamed(stage, _STAGES)


def current_stage(stage: str) -> str:
    """The inverse of `former_stage`; current names stay as they are."""
    return _renamed(stage, _CURRENT)


def former_blob(name: str) -> str:
    """The former name of a blob; ``name`` itself if it had no other."""
    return _BLOBS.get(name, name)


def current_blob(name: str) -> str:
    """The inverse of `former_blob`; current names stay as they are."""
    return _CURRENT.get(name, name)


def current_kind(kind: str) -> str:
    """The current name of a kind of record; current names stay as they are."""
    return _CURRENT.get(kind, kind)


def _renamed(stage: str, names: dict[str, str]) -> str:
    base, dot, part = stage.partition(".")
    return f"{names.get(base, base)}{dot}{part}"
