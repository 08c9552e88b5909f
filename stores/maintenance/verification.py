"""The findings of a check of a library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stores.core.records import StageKey

Kind = Literal[
    "database",
    "run",
    "record",
    "blob",
    "vector",
    "line",
    "media",
    "thread",
    "job",
    "access",
    "correction",
    "review",
    "orphan",
]

OnProgress = Callable[[str, int, int], None]
"""Called with what is being checked, how many are done, and of how many."""

REPAIR = "Run `kinodex verify --repair`, then `kinodex ingest` on the video: only what is damaged is made again."
REBUILD = "Run `kinodex index rebuild`."
RESTORE = "Restore the database from a backup."
SWEEP = "Harmless; `kinodex gc` removes it."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: what is affected; ``orphan``: something that nothing refers to, which does no harm.
        code: a stable name, e.g. ``BLOB_MISSING``.
        where: which one.
        message: what is wrong, in one sentence.
        hint: what to do about it.
    """

    kind: Kind
    code: str
    where: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of `stores.maintenance.verify.verify`.

    Attributes:
        checked: how many of each kind of thing were checked.
        problems: what is wrong, in the order in which it was found.
        damaged: the runs that must be done again, because nothing else has their results.
    """

    checked: Mapping[str, int]
    problems: tuple[Problem, ...]
    damaged: tuple[StageKey, ...]

    @property
    def harmful(self) -> tuple[Problem, ...]:
        """The problems other than orphans."""
        return tuple(problem for problem in self.problems if problem.kind != "orphan")


@dataclass(slots=True)
class Findings:
    """The findings so far."""

    on_progress: OnProgress | None
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    damaged: dict[StageKey, None] = field(default_factory=dict)

    def add(self, kind: Kind, code: str, where: str, message: str, hint: str) -> None:
        """Adds a problem."""
        self.problems.append(Problem(kind, code, where, message, hint))

    def damage(self, kind: Kind, code: str, key: StageKey, message: str) -> None:
        """Adds a problem that only doing the run again repairs."""
        self.add(kind, code, place_of(key), message, REPAIR)
        self.damaged[key] = None

    def orphans(self, code: str, wheres: Iterable[str], message: str) -> None:
        """Adds things that nothing refers to."""
        for where in wheres:
            self.add("orphan", code, where, message, SWEEP)

    def progress(self, what: str, done: int, of: int) -> None:
        """Reports progress."""
        if self.on_progress is not None:
            self.on_progress(what, done, of)


def place_of(key: StageKey, name: str = "") -> str:
    """The name of a run, or of one of its blobs, for people: the path of its blobs."""
    return "/".join(filter(None, (key.video_id, key.stage, key.fingerprint, name)))
