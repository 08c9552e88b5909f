"""Units of work: a probe, a whole video, a part of a long one, or the joining of its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.perceive import Stage, fingerprints
from pipeline.perception import AUDIO_STAGES, VIDEO_STAGES
from pipeline.segments.parts import PART_SECONDS, part_fingerprint, parts_of
from stores.core.errors import CODES
from stores.core.ids import base_stage, part_stage
from stores.core.records import Receipt, StageKey, Video
from stores.maintenance.people.switching import videos_without_faces

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from workflows.identify import Input

PROBE = "probe"
PEOPLE = ("faces", "speakers")
PARTED = (*VIDEO_STAGES, *AUDIO_STAGES)
"""Stages that run on each part of a long video; the stages after them run once, on the whole video."""


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """A piece of work that one worker runs from beginning to end.

    Attributes:
        uri: location of the video (`stores.core.uris`), of its first copy if there are several.
        seconds: of video in it; 0 if unknown. The longest are begun first.
        stages: fingerprint by stage, for the stages to run; for a part, those of the part.
        part: number of the part; None for a whole video.
        part_seconds: length that long videos are split into.
        undecodable_audio: earlier stages that count as done without results (`Planner.undecodable_audio`).
    """

    video_id: str
    uri: str
    sha256: str
    seconds: float
    stages: Mapping[str, str]
    part: int | None = None
    part_seconds: float = PART_SECONDS
    undecodable_audio: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, int | None, str]:
        """Identifies the unit within a job; a retried unit has the same name."""
        return self.video_id, self.part, ",".join(sorted(self.stages))


class Planner:
    """Determines which units are left to do, from the ledger alone.

    Args:
        order: all stages, each after what it reads.
        part_seconds: length of the parts of long videos.
        only: stages to run, if not all; their inputs must exist.
    """

    def __init__(
        self,
        store: LibraryStore,
        order: Sequence[Stage],
        part_seconds: float = PART_SECONDS,
        only: Collection[str] | None = None,
    ) -> None:
        self._store = store
        self._order = order
        self._part_seconds = part_seconds
        self._given_up: set[StageKey] = set()
        self._faceless = videos_without_faces(store)
        self._stage_fingerprints = fingerprints(order)
        self.wanted = dict(self._stage_fingerprints)
        if only is not None:
            self.wanted = {stage: fingerprint for stage, fingerprint in self.wanted.items() if stage in only}

    def give_up(self, key: StageKey) -> None:
        """Stop planning a stage run: its failure will not go away without another version or another machine."""
        self._given_up.add(key)

    def units(self, inputs: Iterable[Input]) -> list[WorkUnit]:
        """What can be begun now, the longest first; videos of unknown length, which must be probed, come last."""
        places = {one.video_id: one.uri for one in reversed(list(inputs)) if one.video_id}
        receipts = receipts_by_video(self._store, places)
        units: list[WorkUnit] = []
        for video_id, uri in reversed(places.items()):
            units += self._units(video_id, uri, receipts[video_id])
        return sorted(units, key=lambda unit: -round(unit.seconds))

    def units_of(self, video_id: str, uri: str) -> list[WorkUnit]:
        """What can be begun now of one video."""
        return self._units(video_id, uri, self._store.ledger.receipts(video_id))

    def part_fingerprints(self, video: Video | None) -> dict[str, str]:
        """Fingerprint by stage of the parts of a long video; {} for a short one."""
        return {
            part_stage(stage, part.number): part_fingerprint(self.wanted[stage], part)
            for part in (parts_of(video, self._part_seconds) if video is not None else ())
            for stage in PARTED
            if stage in self.wanted
        }

    def wanted_of(self, video_id: str) -> dict[str, str]:
        """Fingerprint by stage of all that are wanted of a video: no faces and voices where people are switched off."""
        return {
            stage: value
            for stage, value in self.wanted.items()
            if stage not in PEOPLE or video_id not in self._faceless
        }

    def left_by_video(self, video_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """`left` for each video."""
        video_ids = list(video_ids)
        receipts = receipts_by_video(self._store, video_ids)
        return {video_id: self.left(receipts[video_id], video_id) for video_id in video_ids}

    def left(self, receipts: Iterable[Receipt], video_id: str = "") -> dict[str, str]:
        """Fingerprint by stage, for the stages that are left to do for a video with these receipts."""
        known = list(receipts)
        done, hopeless = self._ended(known, self._stage_fingerprints)
        others = {stage for stage in self._stage_fingerprints if stage not in self.wanted and stage not in done}
        blocked = (hopeless | others) - set(self.undecodable_audio(known))
        for stage in self._order:
            if blocked.intersection(stage.inputs):
                blocked.add(stage.name)
        ended = done | hopeless | blocked
        return {stage: value for stage, value in self.wanted_of(video_id).items() if stage not in ended}

    def superseded(self, receipts: Iterable[Receipt]) -> list[StageKey]:
        """Runs that no longer say how a video stands: those with other settings, and of parts, of stages that are done.

        They failed, or never ended, before the present settings were chosen (again).
        """
        known = list(receipts)
        done, _ = self._ended(known, self.wanted)
        return [
            receipt.key
            for receipt in known
            if base_stage(receipt.key.stage) in done
            and self.wanted.get(receipt.key.stage) != receipt.key.fingerprint
            and (receipt.status != "done" or receipt.key.stage not in self.wanted)
        ]

    def undecodable_audio(self, receipts: Iterable[Receipt]) -> tuple[str, ...]:
        """Audio stages that count as done without results, because the audio cannot be decoded."""
        return tuple(
            receipt.key.stage
            for receipt in receipts
            if receipt.error_code == "AUDIO_DECODE_FAILED"
            and receipt.status in ("failed", "quarantined")
            and self._stage_fingerprints.get(receipt.key.stage) == receipt.key.fingerprint
        )

    def _units(self, video_id: str, uri: str, receipts: Sequence[Receipt]) -> list[WorkUnit]:
        left = self.left(receipts, video_id)
        if not left:
            return []
        video = self._store.catalog.video(video_id)
        if PROBE in left or video is None:
            sha256 = self._store.catalog.sha256(video_id)
            return [WorkUnit(video_id, uri, sha256, 0.0, {PROBE: self.wanted[PROBE]})]
        parts = self._part_units(uri, video, left, receipts)
        if parts is None:
            undecodable_audio = self.undecodable_audio(receipts)
            return [
                WorkUnit(video_id, uri, video.sha256, video.seconds, left, None, self._part_seconds, undecodable_audio)
            ]
        return parts

    def _part_units(
        self, uri: str, video: Video, left: Mapping[str, str], receipts: Iterable[Receipt]
    ) -> list[WorkUnit] | None:
        """Units for the parts that are left, or one that joins them; [] if none can run; None if no part is needed."""
        parts = parts_of(video, self._part_seconds)
        parted = [stage for stage in PARTED if stage in left]
        if not parts or not parted:
            return None
        stage_fingerprints = {
            part_stage(stage, part.number): part_fingerprint(left[stage], part) for stage in parted for part in parts
        }
        done, hopeless = self._ended(receipts, stage_fingerprints)
        units = []
        for part in parts:
            names = [part_stage(stage, part.number) for stage in parted]
            stages = {name: stage_fingerprints[name] for name in names if name not in done | hopeless}
            if stages:
                seconds = part.span.duration
                units.append(
                    WorkUnit(video.video_id, uri, video.sha256, seconds, stages, part.number, self._part_seconds)
                )
        if units:
            return units
        joinable = {stage for stage in parted if all(part_stage(stage, part.number) in done for part in parts)}
        stages = self._derivable(left, set(parted) - joinable)
        if not stages:
            return []
        undecodable_audio = self.undecodable_audio(receipts)
        return [WorkUnit(video.video_id, uri, video.sha256, 0.0, stages, None, self._part_seconds, undecodable_audio)]

    def _derivable(self, left: Mapping[str, str], blocked: set[str]) -> dict[str, str]:
        for stage in self._order:
            if blocked.intersection(stage.inputs):
                blocked.add(stage.name)
        return {stage: fingerprint for stage, fingerprint in left.items() if stage not in blocked}

    def _ended(self, receipts: Iterable[Receipt], stage_fingerprints: Mapping[str, str]) -> tuple[set[str], set[str]]:
        """The stages that are done, and those that are not worth retrying."""
        done: set[str] = set()
        hopeless: set[str] = set()
        for receipt in receipts:
            if stage_fingerprints.get(receipt.key.stage) != receipt.key.fingerprint:
                continue
            if receipt.status == "done":
                done.add(receipt.key.stage)
            elif is_final(receipt) or receipt.key in self._given_up:
                hopeless.add(receipt.key.stage)
        return done, hopeless


def is_final(receipt: Receipt) -> bool:
    """Whether a stage run is not worth retrying: it is quarantined, or the file itself is bad."""
    if receipt.status == "failed":
        code = CODES[receipt.error_code]
        # The caller has found the file, so it was missing only for a while, or has moved.
        return code.blame == "input" and not code.retryable and code.name != "FILE_MISSING"
    return receipt.status == "quarantined"


def receipts_by_video(store: LibraryStore, video_ids: Iterable[str]) -> defaultdict[str, list[Receipt]]:
    """The receipts of each video, in the order in which the stages were begun."""
    found: defaultdict[str, list[Receipt]] = defaultdict(list)
    for receipt in store.ledger.receipts_of(sorted(set(video_ids))):
        found[receipt.key.video_id].append(receipt)
    return found
