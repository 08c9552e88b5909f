"""Annotations of some videos by people: the file that `kinodex evaluate` compares against.

    {"clips": {"<any id>": {
        "file": "c01.mp4", "sha256": "…",
        "queries": {"en": ["…", {"q": "…", "spans": [[3.0, 7.5]]}], "zh": ["…"]},
        "tags": ["must be given"], "tags_acceptable": ["true as well"],
        "qa": [{"q": "…", "a": "…", "accepted": ["as good an answer"], "answerable": true}]}},
     "unanswerable": ["a question that no video answers"]}

``spans``: seconds of the video at which the query is true, if annotated; without them it is only measured whether the
video is found. ``accepted``: other wordings of the answer.

Keys not listed are ignored, so that a file may hold more than is measured here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, NonNegativeFloat, ValidationError

from stores.core.errors import UsageError
from stores.core.ids import sha256_of


class Query(BaseModel):
    """A search query, and the (start, end) in seconds at which it can be seen or heard."""

    q: str
    spans: list[tuple[NonNegativeFloat, NonNegativeFloat]] = []


class Question(BaseModel):
    """One question about one clip, the answer of the annotator, and other wordings of it."""

    q: str
    a: str = ""
    accepted: list[str] = []
    answerable: bool = True


class ClipTruth(BaseModel):
    """The annotations of one clip."""

    file: str = ""
    sha256: str = ""
    queries: dict[str, list[str | Query]] = {}
    tags: list[str] = []
    tags_acceptable: list[str] = []
    qa: list[Question] = []


class Annotations(BaseModel):
    """All annotated clips by id, and questions that none of them answers."""

    clips: dict[str, ClipTruth]
    unanswerable: list[str] = []

    @classmethod
    def read(cls, path: Path) -> Annotations:
        """Read and check an annotation file.

        Raises:
            UsageError: USAGE if it cannot be read or is not of this form.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise UsageError("USAGE", f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise UsageError("USAGE", f"{path} is not an annotation file: {where}: {first['msg'].lower()}.") from None


def match_videos(annotations: Annotations, clips: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Which library video is which annotated clip: by content, else by the file of that name under ``clips``.

    Args:
        clips: directory of the annotated files.
        known: video id by sha256 of content.

    Returns:
        video id by annotation id; clips that are not in the library are left out.
    """
    matched: dict[str, str] = {}
    for name, truth in annotations.clips.items():
        video = known.get(truth.sha256.lower())
        if video is None and truth.file and (clips / truth.file).is_file():
            video = known.get(sha256_of(clips / truth.file))
        if video is not None:
            matched[name] = video
    return matched


def digest(path: Path) -> str:
    """Short hash of the annotation file itself, so that a result can name its annotations."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
