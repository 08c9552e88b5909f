"""What an ingest does and where: for a run, and for the plan of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from pipeline.perceive import PerceptionConfig
from pipeline.segments.parts import PART_SECONDS

Executor = Literal["local", "ray"]
EXECUTORS: tuple[Executor, ...] = ("local", "ray")


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of an ingest.

    Attributes:
        executor: ``local`` runs in this process, ``ray`` on a Ray cluster.
        workers: units at the same time; None for one per processor.
        address: of a Ray cluster to join; None starts one on this machine for the job.
        config: of all stages; stages whose configuration changed are run again, and so are those that depend on them.
        part_seconds: length of the parts into which long videos are split.
        only: stages to run, if not all; their inputs must exist.
        retry: reset the count of failures, and retry also what failed permanently or is quarantined.
        confined: do not follow links that lead out of the folders that are named.
    """

    executor: Executor = "local"
    workers: int | None = None
    address: str | None = None
    config: PerceptionConfig = field(default_factory=PerceptionConfig)
    part_seconds: float = PART_SECONDS
    only: Collection[str] | None = None
    retry: bool = False
    confined: bool = False


DEFAULTS = JobOptions()
"""The options of a job for which none are set."""
