"""What each stage costs for each second of video: measured in this library, else what we measured ourselves."""

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
"""Seconds of video from which on a stage's own measurements count. Source: our choice: below it, what a stage costs
once a file (opening it, the first call of a model) hides what it costs a second.
"""

ODD = 10.0
"""A video that cost more than this many times the upper quartile is counted with that: a machine that slept in the
middle of a stage must not spoil the rate. Source: our choice.
"""

INDEX_BYTES = 7_800.0
"""Bytes of database and vector index a second of video. Source: the 24 videos (543 s) of
``benchmarks/reports/ingest-speed.md``: 1.2 MB of SQLite and 3.0 MB of Chroma.
"""

INDEX_ENOUGH = 1_800.0
"""Seconds of video from which on the library's own index counts. Source: our choice: an empty one has a megabyte."""


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
    "screentext": StageRate(0.0641),
    "thumbnails": StageRate(0.0002, 3620.0),
    "visual_stats": StageRate(0.0002),
    "speech_activity": StageRate(0.0020),
    "speech": StageRate(0.0700),
    "clips": StageRate(0.0004),
    "labels": StageRate(0.0006),
    "tracklets": StageRate(0.0033),
    "vectors": StageRate(0.0055, 1800.0),
}
"""Source: ``benchmarks/reports/ingest-speed.md``: seconds of each stage over its 544.3 s of video, two workers on two
x86_64 cores; blobs of the library it left. ``prints``, and the blobs of ``objects`` and ``vectors``, whose layout is
newer: five of its videos, 61 s, on the same machine.
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """The cost of a second of video by stage.

    Attributes:
        stages: rate by stage.
        measured: the stages whose rate comes from this library.
        samples: by stage, how many videos of this library have been through it.
        index_bytes: of database and vector index, a second of video; no stage has them for itself.
    """

    stages: Mapping[str, StageRate]
    measured: frozenset[str] = frozenset()
    samples: Mapping[str, int] | None = None
    index_bytes: float = INDEX_BYTES

    @classmethod
    def of(cls, store: LibraryStore) -> Rates:
        """Measured from all done runs of the library; what it has too little of is as shipped."""
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
            KeyError: if nobody knows the stage: it is neither shipped nor measured.
        """
        return self.stages[base_stage(stage)]

    def estimate(
        self, stages: Collection[str], media_seconds: float, prices: tuple[float, float] | None = None
    ) -> Estimate:
        """What ``stages`` will probably cost for a video, or a part, of that length.

        Args:
            prices: of a million tokens (read, written). A stage's tokens are not told apart, so the dearer counts.
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
    """What each stage cost in each video of the library it is done in, parts of it included.

    Where there is no sound, listening costs nothing and says nothing; such videos are left out for these stages.
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
    """Seconds of video in these parts: all parts of a video are of equal length."""
    numbers = {int(receipt.key.stage.rpartition(".")[2]) for receipt in receipts}
    return video.seconds * len(numbers) / max(len(parts_of(video)), *(number + 1 for number in numbers))


def _rate(samples: list[Sample], shipped: StageRate | None) -> StageRate:
    """Total over total, so that long videos count for more; odd ones are cut down first."""
    lengths = np.array([sample.media_seconds for sample in samples])
    speeds = np.array([sample.seconds for sample in samples]) / lengths
    usual = float(np.quantile(speeds, 0.75))
    speeds = np.minimum(speeds, ODD * usual) if usual > 0 else speeds
    total = float(lengths.sum())
    tokens = shipped.tokens_per_media_second if shipped else 0.0  # nothing keeps count of them yet
    return StageRate(float(speeds @ lengths) / total, sum(sample.bytes for sample in samples) / total, tokens)


def _index_bytes(root: Path) -> int:
    """Bytes of database and vector index in the library's folder; what lies on servers is not counted."""
    files = [*root.glob("kinodex.sqlite3*"), *(root / "vectors").rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())
