"""The files in which runs in flight are kept: one for each attempt at a turn, in the folder ``checkpoints``.

A file of its own is removed in one step with everything in it, no run waits for another one, and a process that lost
its turn writes to a file that nobody reads. Only the machine on which a run began has its file; elsewhere the run
begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "checkpoints"

_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class StaleCheckpoints:
    """Checkpoints of a turn that is over; ``size``: bytes."""

    turn_id: str
    size: int


class CheckpointFiles:
    """Where the checkpoints of turns are, and their removal."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def path(self, turn_id: str, attempt: int) -> Path:
        """The file of one attempt at a turn, in a folder that exists."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{turn_id}.{attempt}"

    def earlier(self, turn_id: str, attempt: int) -> Path | None:
        """The file of the newest attempt before this one; None if this machine has none."""
        paths = (self._folder / f"{turn_id}.{number}" for number in range(attempt - 1, 0, -1))
        return next((path for path in paths if path.is_file()), None)

    def remove(self, *turn_ids: str) -> None:
        """Removes the files of all attempts at turns, if there are any."""
        for turn_id in turn_ids:
            for path in self._folder.glob(f"{turn_id}.*"):
                path.unlink(missing_ok=True)

    def remove_before(self, turn_id: str, attempt: int) -> None:
        """Removes the files of the attempts at a turn before this one."""
        for number in range(1, attempt):
            path = self._folder / f"{turn_id}.{number}"
            for one in (path, *(path.with_name(f"{path.name}{end}") for end in _BESIDE)):
                one.unlink(missing_ok=True)

    def stale(self, running: Callable[[], Iterable[str]]) -> list[StaleCheckpoints]:
        """The checkpoints of turns that are not among the ``running`` ones."""
        sizes: dict[str, int] = {}
        for path in sorted(self._folder.glob("*.*")):
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                continue  # its turn has just ended
            turn_id = path.name.partition(".")[0]
            sizes[turn_id] = sizes.get(turn_id, 0) + size
        # Asked after the files were listed: a turn that has a file began before.
        kept = set(running())
        return [StaleCheckpoints(turn_id, size) for turn_id, size in sizes.items() if turn_id not in kept]
