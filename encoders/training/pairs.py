"""Judged pairs of videos and tags as arrays in files, read through memory maps: as many as the disk holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PairData:
    """n judged pairs of v videos and t tags.

    Attributes:
        clips: (v, m, visual) float32, padded with rows of zeros; lengths: (v,) clips of each, at least 1.
        tags: (t, text) float32.
        video, tag: (n,) indices.
        accepted: (n,) 0 or 1.
        base: (n,) log odds that a simpler ranker gives, learned from other videos.
        facet: (t,) the number of each tag's facet, 0 for an unknown one.
        evidence_tag: (v, k) which tags were recalled for a video, padded with -1; k = 0: nothing is known of it.
        evidence_scores: (v, k, s) float32 what each of s sources said of them, 0 where it was silent.
    """

    clips: Floats
    lengths: Whole
    tags: Floats
    video: Whole
    tag: Whole
    accepted: Floats
    base: Floats
    facet: Whole
    evidence_tag: Whole
    evidence_scores: Floats

    def __len__(self) -> int:
        return len(self.video)

    def save(self, folder: Path) -> None:
        """One ``.npy`` a field, in a folder that exists."""
        for one in fields(self):
            np.save(folder / f"{one.name}.npy", getattr(self, one.name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> PairData:
        """What `save` wrote; nothing is read before it is used.

        Raises:
            OSError: if a file is missing.
            ValueError: if one is no array, or they do not fit together.
        """
        read = {one.name: np.load(folder / f"{one.name}.npy", mmap_mode="r", allow_pickle=False) for one in fields(cls)}
        data = cls(**read)
        if any(len({len(read[name]) for name in names}) != 1 for names in (_BY_PAIR, _BY_VIDEO, _BY_TAG)):
            raise ValueError(f"the arrays in {folder} do not fit together")
        return data

    def fingerprint(self, config: dict[str, Any]) -> str:
        """Of the numbers and of how they are learned from."""
        made = hashlib.blake2b(json.dumps(config, sort_keys=True).encode(), digest_size=12)
        for one in fields(self):
            values = np.ascontiguousarray(getattr(self, one.name))
            made.update(f"{one.name}{values.shape}{values.dtype}".encode() + values.tobytes())
        return made.hexdigest()


_BY_PAIR = ("video", "tag", "accepted", "base")
_BY_VIDEO = ("clips", "lengths", "evidence_tag", "evidence_scores")
_BY_TAG = ("tags", "facet")
