"""Outputs that an actor staged before it died, without reporting them to the writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stores.core.errors import StoreError
from stores.core.records import Receipt, Record, StageKey, StageOutput, Video

if TYPE_CHECKING:
    from pipeline.stage import Memory
    from stores.library_store import LibraryStore
    from workflows.units import WorkUnit


@dataclass(frozen=True, slots=True)
class RecoveredOutput:
    """One finished stage: the ledger's receipt of the attempt, the name of the staged output, and the output."""

    receipt: Receipt
    staged: str
    output: StageOutput


def recovered_outputs(store: LibraryStore, unit: WorkUnit) -> dict[str, RecoveredOutput]:
    """Stages of ``unit`` that the ledger still counts as running, but whose staged output is complete.

    Without this, a stage that kills its worker would also cost the stages before it their results, and a strike each.
    """
    found: dict[str, RecoveredOutput] = {}
    for name in store.staging_area.names():
        video_id, stage, fingerprint, attempt, *_ = [*name.split("-"), "", "", "", ""]
        if video_id != unit.video_id or unit.stages.get(stage) != fingerprint:
            continue
        receipt = store.ledger.state(StageKey(video_id, stage, fingerprint))
        if receipt is None or receipt.status != "running" or str(receipt.attempt) != attempt:
            continue
        try:
            found[stage] = RecoveredOutput(receipt, name, store.staging_area.read(name)[1])
        except StoreError:
            continue  # incomplete: the stage is run again
    return found


class WithRecovered:
    """A memory that also holds finished stages which are not committed yet."""

    def __init__(self, memory: Memory, found: Mapping[str, RecoveredOutput]) -> None:
        self._memory = memory
        self._outputs = {stage: one.output for stage, one in found.items()}

    @property
    def video(self) -> Video | None:
        """The probed video."""
        return self._memory.video

    def has(self, stage: str) -> bool:
        """Whether the stage is committed or recovered."""
        return stage in self._outputs or self._memory.has(stage)

    def records(self, stage: str) -> Sequence[Record]:
        """What the stage found."""
        return self._outputs[stage].records if stage in self._outputs else self._memory.records(stage)

    def blob_names(self, stage: str) -> Sequence[str]:
        """Names of the stage's blobs, sorted."""
        if stage in self._outputs:
            return sorted(blob.name for blob in self._outputs[stage].blobs)
        return self._memory.blob_names(stage)

    def blob(self, stage: str, name: str) -> bytes:
        """The content of a blob of the stage. Raises KeyError if there is none of that name."""
        if stage not in self._outputs:
            return self._memory.blob(stage, name)
        for blob in self._outputs[stage].blobs:
            if blob.name == name:
                return blob.data
        raise KeyError(name)
