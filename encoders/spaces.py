"""Names of the vector spaces: a collection is named by the models that made its vectors, so they never mix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol


class _Revisions(Protocol):
    def revision(self, task: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Collections:
    """Collection names of one set of models.

    Attributes:
        picture: clip centroids in the text encoder's space.
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
    image, text, detector = (_plain(encoders.revision(task)) for task in ("image", "text", "detector"))
    return Collections(
        picture=f"picture-{image}-{text}",
        likeness=f"likeness-{image}",
        object=f"object-{detector}-{text}",
        text=f"text-{text}",
    )


def _plain(revision: str) -> str:
    return re.sub(r"[^a-zA-Z0-9.]+", "-", revision).strip("-")
