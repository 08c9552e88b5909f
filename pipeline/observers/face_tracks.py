"""Face tracks: faces of one person followed over time, by where they are and by what they look like."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors
from pipeline.boxes import overlap
from pipeline.stage import NEVER
from stores.core.ids import record_id
from stores.core.records import FaceTrack, Span, StageOutput, VectorItem, Video

BLOB = "faces.npz"
"""Holds the faces of a part of a video until its parts are joined; of a whole video nothing but tracks is kept."""

_CHINESE = {"woman": "女人;女性;女士", "man": "男人;男性;男士", "face": "脸;人脸;面孔"}
_MAN_BELOW, _WOMAN_ABOVE = 0.2, 0.75
"""Of ``female``, which is 1 less what the network says, how likely it is a man: below .25 or above .8 of that. Source:
research of the issue on real clips: between, the guess is as often wrong as right."""

_SAME_PLACE = 0.1  # overlap of the boxes of one face from one sample to the next: ByteTrack's own minimum
_SURELY_PLACE = 0.3
"""The same where the looks cannot be compared, for the very next sample only: a cut puts somebody else near the place.
Source: SORT's least overlap (Bewley et al. 2016, arXiv:1602.00763, section 3.3)."""
_LINKED = 0.55
"""Least likeness of two faces in one track. Source: of 25,000 pairs of faces of 26 people in freely licensed photos,
95 % of those of different people are less alike than .52, and of the same one 99 % more than .68."""
_SURELY = 0.7  # likeness from which a face may have moved anywhere: 99.9 % of pairs of different people are below
_HIDDEN = 3.0  # seconds after which a face that is not seen again is a new track. Ours


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """Which frames are searched for faces, and which faces count; further fields as in
    `pipeline.observers.pictures.PictureConfig`.

    Attributes:
        enabled: whether people are looked for at all.
        every_seconds: so that a shot of half a second is seen, too: music videos and trailers show a face close by for
            no longer. Source: our measurement: one frame a second misses the only large faces of a clip of ten seconds.
        minimum: frames of a short video. Ours.
        least_side: pixels of a face's box in the frame from which it is compared with others. Measured on shrunken
            photos of 26 people: from 24 on, 99 % of pairs of different people are less alike than .60, as with large
            ones; at 16, .77.
        min_score: least score of a face that is compared with others; a track without any such face is none. Source:
            our choice: what the finder is less sure of is turned away, blurred or no face: it sees one in a cup of
            coffee at .68.
    """

    enabled: bool = field(default=True, metadata=NEVER)
    every_seconds: float = 0.5
    minimum: int = 16
    long_side: int = 640
    change_threshold: float = 1.5
    least_side: int = 24
    min_score: float = 0.7


@dataclass(frozen=True, slots=True)
class FacesSeen:
    """The faces in the sampled frames of a video, as parallel arrays, in order of time.

    Attributes:
        frames: (n,) int64 ticks of all sampled frames.
        ticks: (m,) int64; scores: (m,); boxes: (m, 4) float32 fractions.
        vectors: (m, d) float32 unit rows, zero for a face that is too small to be compared; female: (m,) float32.
        model: ``name@revision`` of the encoder.
    """

    frames: NDArray[np.int64]
    ticks: NDArray[np.int64]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    vectors: Vectors
    female: NDArray[np.float32]
    model: str

    def packed(self) -> bytes:
        """As the content of a blob."""
        file = io.BytesIO()
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__slots__}
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def joined(cls, blobs: Iterable[bytes]) -> FacesSeen:
        """What `packed` made of each part, in order, as one."""
        parts: list[dict[str, NDArray[Any]]] = []
        for data in blobs:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                parts.append({name: file[name] for name in file.files})
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in cls.__slots__ if name != "model"}
        return cls(**arrays, model=str(parts[0]["model"]))


def face_collection(model: str) -> str:
    """The collection of the vectors that an encoder of faces (``name@revision``) makes."""
    return "face-" + re.sub(r"[^a-zA-Z0-9.]+", "-", model).strip("-")


def derive_face_tracks(video: Video, seen: FacesSeen, fingerprint: str, config: FaceConfig) -> StageOutput:
    """One record for each face that was followed, and one vector for each of these whose face was large enough."""
    records: list[FaceTrack] = []
    items: list[VectorItem] = []
    for rows in _followed(seen, round(_HIDDEN / video.time_base)):
        if seen.scores[rows].max() < config.min_score:
            continue
        record = _track(video, seen, rows)
        if any(one.evidence_id == record.evidence_id for one in records):
            continue
        records.append(record)
        vector = _mean(seen, rows)
        if vector is not None:
            items.append(
                VectorItem(
                    collection=face_collection(seen.model),
                    vector_id=f"{fingerprint}:{record.evidence_id}:f",
                    vector=vector,
                    span=record.span,
                    channel="face",
                    evidence_id=record.evidence_id,
                )
            )
    return StageOutput(records=tuple(records), vectors=tuple(items))


def _followed(seen: FacesSeen, hidden: int) -> list[list[int]]:
    """Rows of the faces of each track, in order of time; every face is in exactly one.

    Args:
        hidden: ticks for which a face may be out of sight before its track ends; the next sample may always go on.
    """
    place = {tick: number for number, tick in enumerate(seen.frames.tolist())}
    tracks: list[list[int]] = []
    open_tracks: list[list[int]] = []
    for tick in np.unique(seen.ticks).tolist():
        here = np.flatnonzero(seen.ticks == tick).tolist()
        open_tracks = [
            track
            for track in open_tracks
            if tick - (last := int(seen.ticks[track[-1]])) <= hidden or place[tick] - place[last] <= 1
        ]
        pairs = [
            (worth, row, number)
            for row in here
            for number, track in enumerate(open_tracks)
            if (worth := _worth(seen, track, row, place[tick] - place[int(seen.ticks[track[-1]])] == 1)) > 0
        ]
        linked: dict[int, int] = {}
        for _, row, number in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if row not in linked and number not in linked.values():
                linked[row] = number
        for row in here:
            if row in linked:
                open_tracks[linked[row]].append(row)
            else:
                tracks.append([row])
                open_tracks.append(tracks[-1])
    return tracks


def _worth(seen: FacesSeen, track: Sequence[int], row: int, next_sample: bool) -> float:
    """How well a face goes on with a track; 0 if it does not. ``next_sample``: it is of the sample after its last."""
    last = track[-1]
    shared = overlap(seen.boxes[last], seen.boxes[row])
    known = [one for one in track[-3:] if seen.vectors[one].any()]
    if not known or not seen.vectors[row].any():
        return shared if next_sample and shared >= _SURELY_PLACE else 0.0
    likeness = float(max(seen.vectors[one] @ seen.vectors[row] for one in known))
    if likeness < _LINKED or (shared < _SAME_PLACE and likeness < _SURELY):
        return 0.0
    return shared + likeness


def _track(video: Video, seen: FacesSeen, rows: Sequence[int]) -> FaceTrack:
    first, last = int(seen.ticks[rows[0]]), int(seen.ticks[rows[-1]])
    later = seen.frames[seen.frames > last]
    end = int(later[0]) if len(later) else max(video.duration, last + 1)
    span = Span(first, max(end, last + 1), video.time_base)
    path = tuple((int(seen.ticks[row]), *(round(float(edge), 4) for edge in seen.boxes[row])) for row in rows)
    compared = [row for row in rows if seen.vectors[row].any()]
    female = float(np.median(seen.female[compared])) if compared else 0.5
    name = sex_of(female)
    return FaceTrack(
        evidence_id=record_id("fac", video.video_id, span, path[0][1:]),
        span=span,
        name=name,
        name_zh=_CHINESE[name],
        trajectory=path,  # type: ignore[arg-type]  # a starred tuple of four
        female=round(female, 4),
        confidence=round(float(seen.scores[rows].mean()), 4),
    )


def sex_of(female: float) -> str:
    """``woman`` or ``man`` where that is sure, else ``face``."""
    return "woman" if female > _WOMAN_ABOVE else "man" if female < _MAN_BELOW else "face"


def _mean(seen: FacesSeen, rows: Sequence[int]) -> NDArray[np.float32] | None:
    """The vector of a track: the mean of its faces by their scores; None if none was large enough."""
    weights = np.array([seen.scores[row] if seen.vectors[row].any() else 0.0 for row in rows], np.float32)
    total = weights @ seen.vectors[list(rows)]
    length = float(np.linalg.norm(total))
    return (total / length).astype(np.float32) if length > 0 else None
