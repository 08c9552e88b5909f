"""One job at hand, what it may be about, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kinodex.usecases.upkeep import indexed
from stores.core.principal import OWNER, Principal

if TYPE_CHECKING:
    from kinodex.jobs.progress import Reporter
    from kinodex.library import Library
    from stores.jobs.records import Job


@dataclass(frozen=True, slots=True)
class Task:
    """One job at hand.

    Attributes:
        resumed: ids of the videos that another worker finished before it died.
    """

    library: Library
    job: Job
    reporter: Reporter
    resumed: frozenset[str] = frozenset()

    @property
    def order(self) -> dict[str, Any]:
        """What was ordered."""
        return {"kind": self.job.kind, **self.job.arguments}

    @property
    def command(self) -> str:
        """What stands in the reports of runs."""
        return f"kinodex jobs: {self.job.kind} {self.job.job_id}"


@dataclass(frozen=True, slots=True)
class Made:
    """How a job ended: counts, and what the command prints under ``--json``."""

    totals: Mapping[str, Any]
    report: Mapping[str, Any]


def chosen(task: Task, video_ids: Sequence[str] | None) -> list[str]:
    """Those of the named videos that are still there, and that the one who ordered it sees now; all such indexed ones
    where none were named."""
    there, seen = indexed(task.library.store), _seen(task)
    if seen is not None:
        there = [one for one in there if one in seen]
    if video_ids is None:
        return there
    known = frozenset(there)
    return [one for one in dict.fromkeys(video_ids) if one in known]


def _seen(task: Task) -> frozenset[str] | None:
    """The videos that the one who ordered a job sees now, not when it was ordered; None for all."""
    principal = who_ordered(task)
    if principal is None or not principal.may("jobs"):
        return frozenset()
    if principal is OWNER:
        return None
    visible = task.library.store.access.visible(principal.user_id, principal.key_id)
    return None if visible is None else visible.known


def who_ordered(task: Task) -> Principal | None:
    """The one who ordered a job, with what that one may do now; None if it is nobody any more."""
    return task.library.store.access.by_id(task.job.owner) if task.job.owner else OWNER
