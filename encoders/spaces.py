"""Names of the vector spaces: a collection is named by the models that made its vectors, so they never mix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_VIDEOS = "video-"
_SPEAKERS = "speaker-"
_FACES = "face-"  # `pipeline.derive.face_tracks`


class _Revisions(Protocol):
    def revision(self, task: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Collections:
    """Collection names of one set of models.

    Attributes:
        picture: clip centroids, in the space of the picture model and of the text encoder that goes with it.
        likeness: pooled visual features, for picture-to-picture likeness.
        object: what the detector saw, in the text encoder's space.
        text: utterances and screen texts.
    """

    picture: str
    likeness: str
    object: str
    text: str


def collections(encoders: _Revisions) -> Collections:
    """The collection names for a bundle of encoders. Loads no weights."""
    image, image_text, text, detector = (
        _plain(encoders.revision(task)) for task in ("image", "image_text", "text", "detector")
    )
    return Collections(
        picture=f"picture-{image}-{image_text}",
        likeness=f"likeness-{image}",
        object=f"object-{detector}-{text}",
        text=f"text-{text}",
    )


def video_collections(encoders: _Revisions, names: Sequence[str]) -> tuple[str, ...]:
    """Collection names of vectors for whole videos, made of the picture model's by heads with these short names
    (`encoders.heads.video.HeadSpec.collections`). Loads no weights."""
    image, text = (_plain(encoders.revision(task)) for task in ("image", "image_text"))
    return tuple(f"{_VIDEOS}{_plain(name)}-{image}-{text}" for name in names)


def speaker_collection(encoders: _Revisions) -> str:
    """Collection name of the vectors of voices, one for each voice of a video. Loads no weights."""
    return f"{_SPEAKERS}{_plain(encoders.revision('speaker'))}"


def is_of_moments(collection: str) -> bool:
    """Whether a collection holds vectors of moments that are searched for with words or pictures."""
    return not collection.startswith((_VIDEOS, _SPEAKERS, _FACES))


def is_of_videos(collection: str) -> bool:
    """Whether a collection holds vectors for whole videos, which are no moments."""
    return collection.startswith(_VIDEOS)


def _plain(revision: str) -> str:
    return re.sub(r"[^a-zA-Z0-9.]+", "-", revision).strip("-")
