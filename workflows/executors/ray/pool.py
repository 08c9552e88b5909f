"""A pool of Ray's actors, and who of them has which unit in hand.

An actor is one process with one copy of the models and a few slots, each of which takes a unit at a time. A unit goes
to whoever is free next. Where an actor dies, what it had in hand goes to others at once, and another is asked for in
its place; the ledger's count of attempts ends that. Ray itself would start it anew for ever, and keep its units
waiting for it.
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
from workflows.executors.ray.actor import EXCUSED, ActorConfig, Perceiver, ProgressEvent, Row
from workflows.executors.ray.cluster import ASIDE
from workflows.executors.ray.shape import Shape
from workflows.telemetry.progress import Progress, Waiting, silent

_PATIENCE = 30.0  # seconds in which nothing ends and no actor has begun, after which somebody is told
_ASK_SECONDS = 1.0  # between questions how far an actor is, or whether it lives
_MISSING_SECONDS = 60.0  # that an actor may be out of reach before it is ended; Ray knows of dead machines in 20
_CLOSING_SECONDS = 5.0
_MAX_FAILED_STARTS = 6  # actors that die before they have opened the library, while no other has
_MOST_RETURNS = 2 * EXCUSED  # of one unit; the ledger ends it sooner, unless nothing was begun
_LOGGED = 200  # characters of what Ray says
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Actor:
    """One of them.

    Attributes:
        opening: what is waited for until it has opened the library; then None.
        in_hand: places of its units, by what is waited for.
        missing: since when it has been out of reach, as `time.monotonic` counts; None while it is not.
        question: what is waited for to hear how far it is and, if it is out of reach, whether it lives.
        asked: when that was asked last.
    """

    handle: Any
    opening: Any
    in_hand: dict[Any, int] = field(default_factory=dict)
    missing: float | None = None
    question: Any = None
    asked: float = 0.0

    def awaited(self) -> list[Any]:
        """All that will come of it."""
        refs = [self.question] if self.missing is not None else [*self.in_hand, self.opening, self.question]
        return [ref for ref in refs if ref is not None]

    def may_be_asked(self) -> bool:
        """Whether there is something to ask."""
        return self.missing is not None or bool(self.in_hand)


class Pool:
    """Actors of one job, kept until it is closed. To be used by one thread.

    Args:
        environment: that its processes start with, beside what Ray gives them.
        kind: class of the actors; another one for tests.
    """

    def __init__(
        self, crew: ActorConfig, shape: Shape, environment: Mapping[str, str], kind: type[Perceiver] = Perceiver
    ) -> None:
        self.shape = shape
        self._crew = crew
        # It is we who say what becomes of an actor's units, so Ray restarts and retries nothing.
        self._kind = ray.remote(concurrency_groups={ASIDE: 1})(kind).options(  # type: ignore[call-overload]
            num_cpus=shape.slots,
            num_gpus=shape.gpus,
            memory=shape.memory,
            max_concurrency=shape.slots,
            max_restarts=0,
            max_task_retries=0,
            runtime_env={"env_vars": dict(environment)} if environment else None,
        )
        self._actors: list[_Actor] = []
        self._failed_starts = 0  # since one has opened the library
        self._returned: Counter[int] = Counter()  # how often each unit came back from a dead actor
        self._failure: Exception | None = None

    def close(self) -> None:
        """End all actors, whatever they do, and wait a little until they have."""
        outcome = []
        for actor in self._actors:
            outcome += [ref for ref in (*actor.in_hand, actor.opening) if ref is not None]
            ray.kill(actor.handle)
        self._actors.clear()
        if outcome:
            ray.wait(outcome, num_returns=len(outcome), timeout=_CLOSING_SECONDS)

    def work(self, units: Sequence[str], ahead: int, tell: Progress = silent) -> Iterator[list[Row]]:
        """The rows of units as they end, those of one unit together.

        Args:
            units: as JSON, in the order in which they are begun.
            ahead: units that a slot is given at a time.
            tell: hears how far units in hand are, about every second, and of waiting while nothing can be begun.

        Raises:
            StoreError: if an actor cannot open the library.
            KinodexError: WORKER_LOST if actors die before they can begin, or with a unit again and again.
        """
        left = deque(range(len(units)))
        ended: list[Row] = []
        self._returned.clear()
        for actor in self._actors:
            actor.question = None  # asked about other units
        try:
            while left or ended or self._busy() or self._failure is not None:
                # New work first: nobody is to wait while the writer writes.
                self._hire(len(left))
                self._give(left, units, ahead)
                yield ended
                if self._failure is not None:
                    raise self._failure
                ended = self._ended(left, tell)
        finally:
            if self._busy():
                self.close()  # nobody will take what they have in hand

    def _busy(self) -> bool:
        return any(actor.in_hand for actor in self._actors)

    def _hire(self, left: int) -> None:
        there = [actor for actor in self._actors if actor.missing is None]
        free = sum(max(0, self.shape.slots - len(actor.in_hand)) for actor in there)
        for _ in range(self.shape.actors - len(there)):
            if free >= left:
                break
            handle: Any = self._kind.remote(self._crew, self.shape.slots)
            self._actors.append(_Actor(handle, handle.open.remote()))
            free += self.shape.slots

    def _give(self, left: deque[int], units: Sequence[str], ahead: int) -> None:
        able = [actor for actor in self._actors if actor.opening is None and actor.missing is None]
        while left and able:
            actor = min(able, key=lambda each: len(each.in_hand))
            if len(actor.in_hand) >= self.shape.slots * ahead:
                return
            number = left.popleft()
            actor.in_hand[actor.handle.work.remote(number, units[number])] = number

    def _ended(self, left: deque[int], tell: Progress) -> list[Row]:
        """Wait until something ends; then the rows of all units that have. What dead actors had goes back to ``left``.

        What has to end the job is kept in ``_failure``, so that rows which came before it are not lost.
        """
        self._ask()
        asked = {ref: actor for actor in self._actors for ref in actor.awaited()}
        asking = any(actor.may_be_asked() for actor in self._actors)
        if not asked:
            time.sleep(_ASK_SECONDS)
            return []
        done, rest = ray.wait(list(asked), num_returns=1, timeout=_ASK_SECONDS if asking else _PATIENCE)
        done += ray.wait(rest, num_returns=len(rest), timeout=0)[0] if done and rest else []
        if not done and not asking and all(actor.opening is not None for actor in self._actors):
            wanted = f"{self.shape.slots} processors and {self.shape.memory / 2**30:.2f} GiB of memory"
            wanted += f" and {self.shape.gpus:g} of a GPU" if self.shape.gpus else ""
            tell(Waiting(f"nothing has begun on the Ray cluster; each process reserves {wanted}, perhaps not free"))
        found: list[Row] = []
        # Deaths last: what an actor has ended before is not given to others.
        answers = [(ref, _answer(ref)) for ref in done]
        for ref, value in sorted(answers, key=lambda answer: isinstance(answer[1], Exception)):
            actor = asked[ref]
            if isinstance(value, ray.exceptions.RayTaskError):
                self._failure = value  # a bug of ours, and not the actor's death
            elif isinstance(value, Exception):
                self._miss(actor, value, left)
            elif ref == actor.question:
                self._heard(actor, value, tell)
            elif ref == actor.opening:
                self._opened(actor, value)
            else:
                del actor.in_hand[ref]
                found += value
        return found

    def _heard(self, actor: _Actor, progress: Sequence[tuple[int, ProgressEvent]], tell: Progress) -> None:
        actor.question = None
        if actor.missing is not None:
            # Its calls are lost all the same, and it must not go on beside its successor.
            ray.kill(actor.handle)
            return
        for unit, word in progress:
            if unit in actor.in_hand.values():  # else it has ended meanwhile, and its rows have said so
                tell(word)

    def _opened(self, actor: _Actor, row: Row) -> None:
        if row.status == "aborted":
            self._failure = StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
        actor.opening = None
        self._failed_starts = 0

    def _ask(self) -> None:
        """Ask actors now and then how far they are; give up those that are out of reach and do not answer for long."""
        now = time.monotonic()
        for actor in self._actors:
            if not actor.may_be_asked() or now - actor.asked < _ASK_SECONDS:
                continue
            if actor.missing is not None and now - actor.missing > _MISSING_SECONDS:
                ray.kill(actor.handle)
            if actor.question is None:
                actor.question = actor.handle.progress.remote()
            actor.asked = now

    def _miss(self, actor: _Actor, error: Exception, left: deque[int]) -> None:
        """An actor is out of reach, or dead for good.

        Its units are given to others only when it is known to be dead. A machine that is gone is known to be gone only
        after a while, and until then the attempts that it held would count against their videos.
        """
        said = textwrap.shorten(str(error), _LOGGED, placeholder=" …")
        if actor.missing is None:
            actor.missing = time.monotonic()
            _log.warning("an actor is gone: %s", said)
        if isinstance(error, ray.exceptions.ActorUnavailableError):
            actor.question = None
            return
        if actor not in self._actors:
            return  # another of its calls has said so
        # Ray has names for many deaths (died, out of memory, no environment, no room). Should it only have seemed so:
        ray.kill(actor.handle)
        self._actors.remove(actor)
        self._returned.update(actor.in_hand.values())
        left.extendleft(sorted(actor.in_hand.values(), reverse=True))
        self._failed_starts += actor.opening is not None
        able = any(each.opening is None for each in self._actors)
        if (self._failed_starts > _MAX_FAILED_STARTS and not able) or max(
            self._returned.values(), default=0
        ) > _MOST_RETURNS:
            hint = "The logs of the cluster say more; too little memory is the usual reason."
            message = f"Ray's actors die again and again before they have done anything. The last one: {said}"
            self._failure = KinodexError("WORKER_LOST", message, hint)


def _answer(ref: Any) -> Any:
    """What came of a call, or the error of Ray that came instead."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayError as error:
        return error
