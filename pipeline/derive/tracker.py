"""Which detections are the same object: ByteTrack, over frames about a second apart."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from pipeline.boxes import overlap

MIN_IOU = 0.1
"""Least intersection over union of a predicted and a detected box of the same object. A walking person moves by about
half tbest width in a second, so at one frame per second boxes overlap little. Source: ByteTrack's own minimum."""

MAX_MISSED = 2
"""Frames for which an object may be hidden before its track ends."""

SCALE = 1000.0
"""Factor from fractions to the pixels for which the tracker's motion noise is tuned."""


def follow(
    frames: NDArray[np.int64],
    ticks: NDArray[np.int64],
    concepts: NDArray[np.str_],
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
) -> list[NDArray[np.int64]]:
    """Group detections of one scene into tracks, one category at a time.

    Args:
        frames: (n,) increasing ticks of all sampled frames; those without detections count as missed.
        ticks: (m,) increasing; concepts, scores: (m,); boxes: (m, 4) as fractions.

    Returns:
        For each track the rows of its detections, in order of time; every row is in exactly one track.

    Source: ByteTrack (Zhang et al. 2022, arXiv 2110.06864), as implemented in the package ``trackers``.
    """
    tracks: list[NDArray[np.int64]] = []
    for concept in sorted(set(concepts.tolist())):
        rows = np.flatnonzero(concepts == concept)
        by_track = _track_one(frames, ticks[rows], scores[rows], boxes[rows])
        tracks += [rows[members] for members in by_track]
    return sorted(tracks, key=lambda track: (int(ticks[track[0]]), int(track[0])))


def load_tracker() -> None:
    """Import the tracker ahead of time, which takes about a second."""
    import_module("trackers")


def _track_one(
    frames: NDArray[np.int64], ticks: NDArray[np.int64], scores: NDArray[np.float32], boxes: NDArray[np.float32]
) -> list[list[int]]:
    from supervision import Detections
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(
        lost_track_buffer=30 * MAX_MISSED,  # counted in frames at 30 a second, scaled by frame_rate
        frame_rate=1.0,
        track_activation_threshold=0.0,
        minimum_consecutive_frames=0,
        minimum_iou_threshold=MIN_IOU,
        high_conf_det_threshold=0.0,
    )
    by_id: dict[int, list[int]] = defaultdict(list)
    unassigned: list[list[int]] = []
    for frame in frames:
        here = np.flatnonzero(ticks == frame)
        found = Detections(
            xyxy=boxes[here].astype(np.float64).reshape(-1, 4) * SCALE,
            confidence=scores[here].astype(np.float64),
            class_id=np.zeros(len(here), dtype=int),
            data={"row": here},
        )
        tracked = tracker.update(found)
        track_ids = [] if tracked.tracker_id is None else tracked.tracker_id.tolist()
        for row, track_id in zip(tracked.data.get("row", ()), track_ids, strict=True):
            if track_id >= 0:
                by_id[track_id].append(int(row))
            else:
                unassigned.append([int(row)])
    return _with_first_detections([*by_id.values()], unassigned, frames, ticks, boxes)


def _with_first_detections(
    tracks: list[list[int]],
    unassigned: list[list[int]],
    frames: NDArray[np.int64],
    ticks: NDArray[np.int64],
    boxes: NDArray[np.float32],
) -> list[list[int]]:
    """Prepend to each track its first detection: the tracker assigns an id only from the second one on."""
    left = []
    for (row,) in unassigned:
        after = int(np.searchsorted(frames, ticks[row])) + 1
        candidates = [track for track in tracks if after < len(frames) and ticks[track[0]] == frames[after]]
        best = max(candidates, key=lambda track: overlap(boxes[row], boxes[track[0]]), default=None)
        if best is not None and overlap(boxes[row], boxes[best[0]]) >= MIN_IOU:
            best.insert(0, row)
        else:
            left.append([row])
    return [*tracks, *left]
