"""A pool of Ray actors, and the units assigned to each.

An actor is a process with one copy of the models and a few slots, each of which runs one unit at a time. Units go to
the first free slot. If an actor dies, its units are reassigned at once and a replacement is started; the ledger's count
of attempts bounds that. Ray's own retries would restart the actor for ever and keep its units waiting for it.
"""

from __future__ import annotations

import logging
import textwrap
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray

from stores.core.errors import KinodexError, StoreError
from workflows.executors.ray.actor import EXCUSED, Perceiver, ProgressEvent
from workflows.executors.ray.cluster import POLLING
from workflows.executors.ray.shape import Shape
from workflows.telemetry.progress import Progress, Waiting, silent

_START_SECONDS = 30.0  # without a started actor, after which a `Waiting` event is sent
_POLL_SECONDS = 1.0  # between polls of an actor
_UNREACHABLE_SECONDS = 60.0  # after which an unreachable actor is killed; Ray notices a dead machine within 20
_CLOSING_SECONDS = 5.0
_MAX_FAILED_STARTS = 6  # actors in a row that die before they have opened the library
_MAX_RETURNS = 2 * EXCUSED  # of one unit; the ledger stops it sooner unless no stage was begun
_LOGGED = 200  # characters of an error of Ray
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Actor:
    """An actor and its pending calls.

    Attributes:
        opening: the call that opens the library; None once it has returned.
        assigned: indices of its units, by the calls that run them.
        unreachable_since: by `time.monotonic`; None while it is reachable.
        poll: the pending call for its progress, which also shows that it is alive.
        polled_at: when it was last polled.
    """

    handle: Any
    opening: Any
    assigned: dict[Any, int] = field(default_factory=dict)
    unreachable_since: float | None = None
    poll: Any = None
    polled_at: float = 0.0

    def pending(self) -> list[Any]:
        """All calls that have yet to return."""
        refs = [self.poll] if self.unreachable_since is not None else [*self.assigned, self.opening, self.poll]
        return [ref for ref in refs if ref is not None]

    def needs_polling(self) -> bool:
        """Whether it works, or may be dead."""
        return self.unreachable_since is not None or bool(self.assigned)


class Pool:
    """The actors of one job, until it is closed. Not thread-safe.

    Args:
        environment: for the actors' processes, in addition to what Ray sets.
        config: what the actors are configured with.
        kind: class of the actors: of ingest, or another one with the methods ``open``, ``progress`` and ``work``.
    """

    def __init__(
        self, config: object, shape: Shape, environment: Mapping[str, str], kind: type[Any] = Perceiver
    ) -> None:
        self.shape = shape
        self._config = config
        # The pool decides what happens to the units of a dead actor, so Ray must not restart or retry anything.
        self._kind = ray.remote(concurrency_groups={POLLING: 1})(kind).options(  # type: ignore[call-overload]
            num_cpus=shape.slots,
            num_gpus=shape.gpus,
            memory=shape.memory,
            max_concurrency=shape.slots,
            max_restarts=0,
            max_task_retries=0,
            runtime_env={"env_vars": dict(environment)} if environment else None,
        )
        self._actors: list[_Actor] = []
        self._failed_starts = 0  # since an actor last opened the library
        self._returned: Counter[int] = Counter()  # how often each unit came back from a dead actor
        self._failure: Exception | None = None

    def close(self) -> None:
        """Kill all actors and wait a few seconds for their calls to end."""
        pending = []
        for actor in self._actors:
            pending += [ref for ref in (*actor.assigned, actor.opening) if ref is not None]
            ray.kill(actor.handle)
        self._actors.clear()
        if pending:
            ray.wait(pending, num_returns=len(pending), timeout=_CLOSING_SECONDS)

    def work(self, units: Sequence[str], per_slot: int, progress: Progress = silent) -> Iterator[list[Any]]:
        """Run units and yield their rows as they end, those of one unit together.

        Args:
            units: as JSON, in the order in which they are begun.
            per_slot: units that are assigned to a slot at a time.
            progress: receives the progress of running units about every second, and `Waiting` while none can begin.

        Raises:
            StoreError: if an actor cannot open the library.
            KinodexError: WORKER_LOST if actors die before they can begin, or with a unit again and again.
        """
        left = deque(range(len(units)))
        ended: list[Any] = []
        self._returned.clear()
        for actor in self._actors:
            actor.poll = None  # it was about other units
        try:
            while left or ended or self._busy() or self._failure is not None:
                # Assign first: actors should not idle while the caller commits.
                self._start_actors(len(left))
                self._assign(left, units, per_slot)
                yield ended
                if self._failure is not None:
                    raise self._failure
                ended = self._wait(left, progress)
        finally:
            if self._busy():
                self.close()  # the caller stopped early

    def _busy(self) -> bool:
        return any(actor.assigned for actor in self._actors)

    def _start_actors(self, left: int) -> None:
        """Start actors until there are enough slots for the units that are left, or the pool has its full size."""
        reachable = [actor for actor in self._actors if actor.unreachable_since is None]
        free = sum(max(0, self.shape.slots - len(actor.assigned)) for actor in reachable)
        for _ in range(self.shape.actors - len(reachable)):
            if free >= left:
                break
            handle: Any = self._kind.remote(self._config, self.shape.slots)
            self._actors.append(_Actor(handle, handle.open.remote()))
            free += self.shape.slots

    def _assign(self, left: deque[int], units: Sequence[str], per_slot: int) -> None:
        """Assign units to the least busy actors until all slots have their share."""
        ready = [actor for actor in self._actors if actor.opening is None and actor.unreachable_since is None]
        while left and ready:
            actor = min(ready, key=lambda each: len(each.assigned))
            if len(actor.assigned) >= self.shape.slots * per_slot:
                return
            number = left.popleft()
            actor.assigned[actor.handle.work.remote(number, units[number])] = number

    def _wait(self, left: deque[int], progress: Progress) -> list[Any]:
        """Wait until calls return; the rows of units that ended. The units of dead actors go back to ``left``.

        An error that must end the job is kept in ``_failure``, so that rows which came before it are not lost.
        """
        self._poll()
        pending = {ref: actor for actor in self._actors for ref in actor.pending()}
        polling = any(actor.needs_polling() for actor in self._actors)
        if not pending:
            time.sleep(_POLL_SECONDS)
            return []
        done, rest = ray.wait(list(pending), num_returns=1, timeout=_POLL_SECONDS if polling else _START_SECONDS)
        done += ray.wait(rest, num_returns=len(rest), timeout=0)[0] if done and rest else []
        if not done and not polling and all(actor.opening is not None for actor in self._actors):
            wanted = f"{self.shape.slots} processors and {self.shape.memory / 2**30:.2f} GiB of memory"
            wanted += f" and {self.shape.gpus:g} of a GPU" if self.shape.gpus else ""
            progress(Waiting(f"no worker has started on the Ray cluster; each needs {wanted}, which may not be free"))
        rows: list[Any] = []
        # Errors last, so that units which an actor finished before it died are not reassigned.
        answers = [(ref, _answer(ref)) for ref in done]
        for ref, value in sorted(answers, key=lambda answer: isinstance(answer[1], Exception)):
            actor = pending[ref]
            if isinstance(value, ray.exceptions.RayTaskError):
                self._failure = value  # a bug in our code; the actor is alive
            elif isinstance(value, Exception):
                self._handle_loss(actor, value, left)
            elif ref == actor.poll:
                self._handle_progress(actor, value, progress)
            elif ref == actor.opening:
                self._handle_opening(actor, value)
            else:
                del actor.assigned[ref]
                rows += value
        return rows

    def _handle_progress(self, actor: _Actor, events: Sequence[tuple[int, ProgressEvent]], progress: Progress) -> None:
        actor.poll = None
        if actor.unreachable_since is not None:
            # It is reachable again, but its calls are lost, and it must not work alongside its replacement.
            ray.kill(actor.handle)
            return
        for unit, event in events:
            if unit in actor.assigned.values():  # else it has ended meanwhile, as its rows say
                progress(event)

    def _handle_opening(self, actor: _Actor, row: Any) -> None:
        if row.status == "aborted":
            self._failure = StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
        actor.opening = None
        self._failed_starts = 0

    def _poll(self) -> None:
        """Poll working actors for their progress, and kill those that have been unreachable for too long."""
        now = time.monotonic()
        for actor in self._actors:
            if not actor.needs_polling() or now - actor.polled_at < _POLL_SECONDS:
                continue
            if actor.unreachable_since is not None and now - actor.unreachable_since > _UNREACHABLE_SECONDS:
                ray.kill(actor.handle)
            if actor.poll is None:
                actor.poll = actor.handle.progress.remote()
            actor.polled_at = now

    def _handle_loss(self, actor: _Actor, error: Exception, left: deque[int]) -> None:
        """Handle an actor that is unreachable or dead.

        Its units are reassigned only once it is known to be dead. Ray notices a lost machine only after a while, and
        until then the attempts which that machine held would count against their videos.
        """
        reason = textwrap.shorten(str(error), _LOGGED, placeholder=" …")
        if actor.unreachable_since is None:
            actor.unreachable_since = time.monotonic()
            _log.warning("an actor is unreachable: %s", reason)
        if isinstance(error, ray.exceptions.ActorUnavailableError):
            actor.poll = None
            return
        if actor not in self._actors:
            return  # another of its calls has reported this already
        # Ray has many errors for a dead actor (died, out of memory, no environment, no room). In case it is alive:
        ray.kill(actor.handle)
        self._actors.remove(actor)
        self._returned.update(actor.assigned.values())
        left.extendleft(sorted(actor.assigned.values(), reverse=True))
        self._failed_starts += actor.opening is not None
        started = any(each.opening is None for each in self._actors)
        returns = max(self._returned.values(), default=0)
        if (self._failed_starts > _MAX_FAILED_STARTS and not started) or returns > _MAX_RETURNS:
            hint = "See the logs of the cluster; the usual reason is too little memory."
            message = f"Ray's actors keep dying before they have done anything. The last error: {reason}"
            self._failure = KinodexError("WORKER_LOST", message, hint)


def _answer(ref: Any) -> Any:
    """The result of a call, or the error that Ray raised."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayError as error:
        return error
