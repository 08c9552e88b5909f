"""Which detections are the same object: ByteTrack, over frames about a second apart."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from pipeline.boxes import overlap

LEAST_OVERLAP = 0.1
"""Intersection over union of a predicted and a found box that may be one object. A walking person moves about half
their width in a second, so at one frame a second overlap is small; ByteTrack's own floor."""

PATIENCE = 2
"""Frames an object may be hidden before its tracklet ends."""

SCALE = 1000.0
"""Boxes are fractions; the tracker's motion noise is meant for pixels."""


def follow(
    frames: NDArray[np.int64],
    ticks: NDArray[np.int64],
    concepts: NDArray[np.str_],
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
) -> list[NDArray[np.int64]]:
    """Group detections of one scene into tracks, one category at a time.

    Args:
        frames: (n,) rising ticks of all frames looked at: where nothing was found, patience runs out, too.
        ticks: (m,) rising; concepts, scores: (m,); boxes: (m, 4) as fractions.

    Returns:
        For each track the rows of its detections, in time order; every row is in exactly one track.

    Source: ByteTrack (Zhang et al. 2022, arXiv 2110.06864), as kept in the package ``trackers``.
    """
    tracks: list[NDArray[np.int64]] = []
    for concept in sorted(set(concepts.tolist())):
        rows = np.flatnonzero(concepts == concept)
        by_track = _track_one(frames, ticks[rows], scores[rows], boxes[rows])
        tracks += [rows[members] for members in by_track]
    return sorted(tracks, key=lambda track: (int(ticks[track[0]]), int(track[0])))


def load_tracker() -> None:
    """Import the tracker, which takes about a second, before it is needed."""
    import_module("trackers")


def _track_one(
    frames: NDArray[np.int64], ticks: NDArray[np.int64], scores: NDArray[np.float32], boxes: NDArray[np.float32]
) -> list[list[int]]:
    from supervision import Detections
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(
        lost_track_buffer=30 * PATIENCE,  # counted in frames at 30 a second, scaled by frame_rate
        frame_rate=1.0,
        track_activation_threshold=0.0,
        minimum_consecutive_frames=0,
        minimum_iou_threshold=LEAST_OVERLAP,
        high_conf_det_threshold=0.0,
    )
    named: dict[int, list[int]] = defaultdict(list)
    alone: list[list[int]] = []
    for frame in frames:
        here = np.flatnonzero(ticks == frame)
        found = Detections(
            xyxy=boxes[here].astype(np.float64).reshape(-1, 4) * SCALE,
            confidence=scores[here].astype(np.float64),
            class_id=np.zeros(len(here), dtype=int),
            data={"row": here},
        )
        told = tracker.update(found)
        names = [] if told.tracker_id is None else told.tracker_id.tolist()
        for row, name in zip(told.data.get("row", ()), names, strict=True):
            if name >= 0:
                named[name].append(int(row))
            else:
                alone.append([int(row)])
    return _with_first_sightings([*named.values()], alone, frames, ticks, boxes)


def _with_first_sightings(
    named: list[list[int]],
    alone: list[list[int]],
    frames: NDArray[np.int64],
    ticks: NDArray[np.int64],
    boxes: NDArray[np.float32],
) -> list[list[int]]:
    """Give each track the detection that opened it: the tracker names an object from its second sighting on."""
    left = []
    for (row,) in alone:
        after = int(np.searchsorted(frames, ticks[row])) + 1
        heirs = [track for track in named if after < len(frames) and ticks[track[0]] == frames[after]]
        heir = max(heirs, key=lambda track: overlap(boxes[row], boxes[track[0]]), default=None)
        if heir is not None and overlap(boxes[row], boxes[heir[0]]) >= LEAST_OVERLAP:
            heir.insert(0, row)
        else:
            left.append([row])
    return [*named, *left]
