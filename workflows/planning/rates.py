"""What each stage costs per second of video: measured in this library, else the shipped measurements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.perception import AUDIO_STAGES
from pipeline.segments.parts import parts_of
from stores.core.ids import base_stage
from workflows.planning.budget import Estimate

if TYPE_CHECKING:
    from stores.core.records import Receipt, Video
    from stores.library_store import LibraryStore

ENOUGH = 60.0
"""Seconds of video from which on the library's own measurements of a stage are used. Source: our choice: below that,
the fixed cost of a file (opening it, the first call of a model) hides the cost per second.
"""

ODD = 10.0
"""Rates above this multiple of the upper quartile are clipped to it: a machine that was suspended in the middle of a
stage must not spoil the rate. Source: our choice.
"""

INDEX_BYTES = 7_800.0
"""Bytes of database and vector index per second of video. Source: the 24 videos (543 s) of
``benchmarks/reports/ingest-speed.md``: 1.2 MB of SQLite and 3.0 MB of Chroma.
"""

INDEX_ENOUGH = 1_800.0
"""Seconds of video from which on the size of the library's own index is used. Source: our choice: an empty one takes a
megabyte.
"""


@dataclass(frozen=True, slots=True)
class StageRate:
    """What one second of video costs in one stage: seconds of work of one worker, bytes of blobs, LLM tokens."""

    seconds_per_media_second: float
    bytes_per_media_second: float = 0.0
    tokens_per_media_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stage cost in one video: seconds of video, seconds of work, bytes of blobs."""

    media_seconds: float
    seconds: float
    bytes: float


SHIPPED: Mapping[str, StageRate] = {
    "probe": StageRate(0.0029),
    "scenes": StageRate(0.0127),
    "frame_hashes": StageRate(0.0014, 130.0),
    "pictures": StageRate(0.0590, 3570.0),
    "objects": StageRate(0.1576, 910.0),
    "faces": StageRate(0.0465, 300.0),
    "screentext": StageRate(0.0641),
    "thumbnails": StageRate(0.0002, 3620.0),
    "visual_stats": StageRate(0.0002),
    "speech_activity": StageRate(0.0020),
    "speech": StageRate(0.0700),
    "sound": StageRate(0.0087),
    "speakers": StageRate(0.0070),
    "clips": StageRate(0.0004),
    "labels": StageRate(0.0006),
    "styles": StageRate(0.0025),
    "tracklets": StageRate(0.0033),
    "vectors": StageRate(0.0055, 1800.0),
}
"""Source: ``benchmarks/reports/ingest-speed.md``: seconds of each stage over its 544.3 s of video, two workers on two
x86_64 cores; blobs of the resulting library. ``frame_hashes``, and the blobs of ``objects`` and ``vectors``, whose
layout is newer: five of its videos, 61 s, on the same machine. ``sound``: 543 s of short clips,
of which two fifths have no sound track, on the same kind of machine. ``styles``: half of what it took in 364 s of short
clips on such a machine at twice its load. ``faces``: 1.94 times what one frame a second cost
in 533 s of short clips.
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """The cost of a second of video by stage.

    Attributes:
        stages: rate by stage.
        measured: the stages whose rate comes from this library.
        samples: by stage, how many videos of this library it was measured on.
        index_bytes: of database and vector index per second of video; they belong to no single stage.
    """

    stages: Mapping[str, StageRate]
    measured: frozenset[str] = frozenset()
    samples: Mapping[str, int] | None = None
    index_bytes: float = INDEX_BYTES

    @classmethod
    def of(cls, store: LibraryStore) -> Rates:
        """Measured from the library's finished runs; where there are too few, the shipped rates."""
        samples = samples_of(store)
        measured = {
            stage: _rate(found, SHIPPED.get(stage))
            for stage, found in samples.items()
            if sum(sample.media_seconds for sample in found) >= ENOUGH
        }
        indexed = sum(sample.media_seconds for sample in samples.get("vectors", ()))
        index_bytes = _index_bytes(store.root) / indexed if indexed >= INDEX_ENOUGH else INDEX_BYTES
        counts = {stage: len(found) for stage, found in samples.items()}
        return cls({**SHIPPED, **measured}, frozenset(measured), counts, index_bytes)

    def of_stage(self, stage: str) -> StageRate:
        """The rate of a stage, or of the stage it is a part of.

        Raises:
            KeyError: if the stage has neither a shipped nor a measured rate.
        """
        return self.stages[base_stage(stage)]

    def estimate(
        self, stages: Collection[str], media_seconds: float, prices: tuple[float, float] | None = None
    ) -> Estimate:
        """The expected cost of ``stages`` for a video, or a part of one, of that length.

        Args:
            prices: of a million tokens (read, written). The two are not counted apart, so the higher one applies.
        """
        known = [self.of_stage(stage) for stage in stages if base_stage(stage) in self.stages]
        tokens = media_seconds * sum(rate.tokens_per_media_second for rate in known)
        stored = sum(rate.bytes_per_media_second for rate in known) + self.index_bytes * ("vectors" in stages)
        return Estimate(
            seconds=media_seconds * sum(rate.seconds_per_media_second for rate in known),
            bytes=media_seconds * stored,
            tokens=tokens,
            money=tokens / 1e6 * max(prices, default=0.0) if prices else 0.0,
        )


def samples_of(store: LibraryStore) -> dict[str, list[Sample]]:
    """What each stage cost in each video for which it is done, including its parts.

    Videos without an audio track are left out for audio stages, which cost nothing there.
    """
    sizes = store.catalog.blob_bytes()
    videos = {entry.video_id: entry.video for entry in store.catalog.videos() if entry.video is not None}
    done: defaultdict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for receipt in store.ledger.receipts():
        if receipt.status == "done" and receipt.key.video_id in videos:
            done[receipt.key.video_id, base_stage(receipt.key.stage)].append(receipt)
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for (video_id, stage), receipts in done.items():
        video = videos[video_id]
        whole = [receipt for receipt in receipts if receipt.key.stage == stage]
        counted = whole[-1:] or receipts
        length = video.seconds if whole else _length_of_parts(video, receipts)
        if length > 0 and (video.has_audio or stage not in AUDIO_STAGES):
            left = sum(sizes.get((video_id, receipt.key.stage), 0) for receipt in counted)
            samples[stage].append(Sample(length, sum(receipt.seconds for receipt in counted), left))
    return dict(samples)


def _length_of_parts(video: Video, receipts: Iterable[Receipt]) -> float:
    """Seconds of video in these parts; all parts of a video are equally long."""
    numbers = {int(receipt.key.stage.rpartition(".")[2]) for receipt in receipts}
    return video.seconds * len(numbers) / max(len(parts_of(video)), *(number + 1 for number in numbers))


def _rate(samples: list[Sample], shipped: StageRate | None) -> StageRate:
    """Total cost over total length, so that long videos weigh more; outliers are clipped first."""
    lengths = np.array([sample.media_seconds for sample in samples])
    speeds = np.array([sample.seconds for sample in samples]) / lengths
    usual = float(np.quantile(speeds, 0.75))
    speeds = np.minimum(speeds, ODD * usual) if usual > 0 else speeds
    total = float(lengths.sum())
    tokens = shipped.tokens_per_media_second if shipped else 0.0  # not measured yet
    return StageRate(float(speeds @ lengths) / total, sum(sample.bytes for sample in samples) / total, tokens)


def _index_bytes(root: Path) -> int:
    """Bytes of database and vector index in the library's folder; data on servers is not counted."""
    files = [*root.glob("kinodex.sqlite3*"), *(root / "vectors").rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())
