"""A pool of Ray's actors, and who of them has which unit in hand.

An actor is one process with one copy of the models and a few seats, each of which takes a unit at a time. A unit goes
to whoever is free next. Where an actor dies, what it had in hand goes to others at once, and another is asked for in
its place; the ledger's count of attempts ends that. Ray itself would start it anew for ever, and keep its units
waiting for it.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray

from stores.errors import KinodexError, StoreError
from workflows.progress import Waiting
from workflows.ray_actor import FORGIVEN, Crew, Perceiver, Row

MOST_SEATS = 4
"""Seats of one actor. Source: our choice: Python runs one thread at a time, which models leave for their calls only,
and a crash in a model costs what all seats have in hand.
"""

MODELS_MEMORY, SEAT_MEMORY = 5 << 28, 3 << 28
"""Bytes reserved for the models of an actor, and for each of its seats. Source: measured, 1160 MiB for all models of
the embedded profile and 134 MiB for a decoder on short clips; the rest is for large pictures and ten minutes of sound.
"""

PULLED_MODELS_MEMORY = 4 << 30
"""The former where models come from the hub. Source: not measured; in float32 the weights of the standard profile are
about 3 GB, of which those that only describe or re-rank are not loaded by an ingest.
"""

_ENOUGH = 0.9  # of the seats that would fit in smaller actors, for which these are not made smaller
_OVER_LONGEST = 4  # a seat's work as a multiple of the longest unit, from which two of these in a row are no harm
_PATIENCE = 30.0  # seconds in which nothing ends and no actor has begun, after which somebody is told
_PING_SECONDS = 1.0  # between questions whether an actor lives
_MISSING_SECONDS = 60.0  # that an actor may be out of reach before it is ended; Ray knows of dead machines in 20
_CLOSING_SECONDS = 5.0
_MOST_STILLBORN = 6  # actors that die before they have opened the library, while no other has
_MOST_RETURNS = 2 * FORGIVEN  # of one unit; the ledger ends it sooner, unless nothing was begun
_LOGGED = 200  # characters of what Ray says
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a pool is made of.

    Attributes:
        seats: units that one actor works on at the same time; it reserves as many processors.
        actors: most of them. It may be more than fit: a cluster that can grow does so then.
        memory: bytes that one actor reserves.
        gpus: share of a GPU that one actor reserves, 0 if it needs none.
    """

    seats: int
    actors: int
    memory: int
    gpus: float = 0.0


def shape_of(
    machines: Sequence[Mapping[str, float]], units: int, workers: int | None, *, pulled: bool, on_gpu: bool, alone: bool
) -> Shape:
    """The shape with the fewest copies of the models that still puts most of the cluster to use.

    Args:
        machines: of the cluster; ``CPU``, ``memory`` in bytes and ``GPU`` of each, absent where it has none.
        units: how many there are to work on, at least 1.
        workers: seats that were asked for; None for as many as fit.
        pulled: whether models come from the hub.
        on_gpu: whether they use a GPU where there is one.
        alone: whether no two units may be in one process.
    """
    with_gpu = [machine for machine in machines if on_gpu and machine.get("GPU", 0) > 0]
    models = PULLED_MODELS_MEMORY if pulled else MODELS_MEMORY
    wanted = min(units, workers or units)
    most = 1 if alone else min(MOST_SEATS, wanted)
    if with_gpu:
        machines = with_gpu
        # An actor computes on one GPU: there have to be as many actors as GPUs.
        most = max(1, min(most, *(int(machine.get("CPU", 0) // machine["GPU"]) for machine in with_gpu)))

    def fitting(machine: Mapping[str, float], seats: int) -> int:
        """Actors that a machine has room for."""
        return int(min(machine.get("CPU", 0) // seats, machine.get("memory", 0) // (models + seats * SEAT_MEMORY)))

    def places(seats: int) -> int:
        """Seats that the cluster has room for, and no more than are wanted."""
        return min(seats * sum(fitting(machine, seats) for machine in machines), wanted - wanted % seats)

    best = max(map(places, range(1, most + 1)))
    seats = max((each for each in range(1, most + 1) if places(each) >= _ENOUGH * best > 0), default=1)
    actors = max(1, wanted // seats if workers else math.ceil(min(wanted, places(seats) or 1) / seats))
    memory = models + seats * SEAT_MEMORY
    if not places(seats):
        # Better with less memory than not at all.
        able = [machine["memory"] for machine in machines if machine.get("CPU", 0) >= 1 and "memory" in machine]
        memory = int(min(memory, max(able, default=memory)))
    # Ray gives an actor a part of one GPU, never parts of two.
    sharing = [math.ceil(min(actors, fitting(machine, seats)) / machine["GPU"]) for machine in with_gpu]
    share = max(0.01, math.floor(100 / max(1, *sharing)) / 100) if with_gpu else 0.0
    return Shape(seats, actors, memory, share)


def at_hand(seconds: Sequence[float], seats: int) -> int:
    """Units that a seat is given at a time: the one that is worked on and, if all are short, the next.

    The driver, which gives them out, may be busy with a commit. A unit at hand waits behind the one before it, though
    others may be free by then: where two of the longest in a row are no small share of a seat's work, it had better go
    to whoever is free next.

    Args:
        seconds: of each unit; 0 if unknown.
        seats: of the whole pool.
    """
    return 2 if 0 < _OVER_LONGEST * max(seconds) * seats <= sum(seconds) else 1


@dataclass(slots=True, eq=False)
class _Actor:
    """One of them.

    Attributes:
        opening: what is waited for until it has opened the library; then None.
        in_hand: places of its units, by what is waited for.
        missing: since when it has been out of reach, as `time.monotonic` counts; None while it is not.
        ping: what is waited for to hear whether it lives.
        pinged: when it was asked last.
    """

    handle: Any
    opening: Any
    in_hand: dict[Any, int] = field(default_factory=dict)
    missing: float | None = None
    ping: Any = None
    pinged: float = 0.0

    def awaited(self) -> list[Any]:
        """All that will come of it."""
        if self.missing is not None:
            return [] if self.ping is None else [self.ping]
        return [*self.in_hand, *([] if self.opening is None else [self.opening])]


class Pool:
    """Actors of one job, kept until it is closed. To be used by one thread.

    Args:
        environment: that its processes start with, beside what Ray gives them.
        kind: class of the actors; another one for tests.
    """

    def __init__(
        self, crew: Crew, shape: Shape, environment: Mapping[str, str], kind: type[Perceiver] = Perceiver
    ) -> None:
        self.shape = shape
        self._crew = crew
        # It is we who say what becomes of an actor's units, so Ray restarts and retries nothing.
        self._kind = ray.remote(kind).options(
            num_cpus=shape.seats,
            num_gpus=shape.gpus,
            memory=shape.memory,
            max_concurrency=shape.seats,
            max_restarts=0,
            max_task_retries=0,
            runtime_env={"env_vars": dict(environment)} if environment else None,
        )
        self._actors: list[_Actor] = []
        self._stillborn = 0  # since one has opened the library
        self._returned: Counter[int] = Counter()  # how often each unit came back from a dead actor
        self._failure: Exception | None = None

    def close(self) -> None:
        """End all actors, whatever they do, and wait a little until they have."""
        pings = []
        for actor in self._actors:
            ray.kill(actor.handle)
            pings.append(actor.handle.ping.remote())
        self._actors.clear()
        if pings:
            ray.wait(pings, num_returns=len(pings), timeout=_CLOSING_SECONDS)

    def work(self, units: Sequence[str], ahead: int) -> Iterator[list[Row] | Waiting]:
        """The rows of units as they end, those of one unit together; and a word while nothing can be begun.

        Args:
            units: as JSON, in the order in which they are begun.
            ahead: units that a seat is given at a time.

        Raises:
            StoreError: if an actor cannot open the library.
            KinodexError: WORKER_LOST if actors die before they can begin, or with a unit again and again.
        """
        left = deque(range(len(units)))
        ended: list[Row] | Waiting = []
        self._returned.clear()
        try:
            while left or ended or self._busy() or self._failure is not None:
                # New work first: nobody is to wait while the writer writes.
                self._hire(len(left))
                self._give(left, units, ahead)
                yield ended
                if self._failure is not None:
                    raise self._failure
                ended = self._ended(left)
        finally:
            if self._busy():
                self.close()  # nobody will take what they have in hand

    def _busy(self) -> bool:
        return any(actor.in_hand for actor in self._actors)

    def _hire(self, left: int) -> None:
        there = [actor for actor in self._actors if actor.missing is None]
        free = sum(max(0, self.shape.seats - len(actor.in_hand)) for actor in there)
        for _ in range(self.shape.actors - len(there)):
            if free >= left:
                break
            handle: Any = self._kind.remote(self._crew, self.shape.seats)
            self._actors.append(_Actor(handle, handle.open.remote()))
            free += self.shape.seats

    def _give(self, left: deque[int], units: Sequence[str], ahead: int) -> None:
        able = [actor for actor in self._actors if actor.opening is None and actor.missing is None]
        while left and able:
            actor = min(able, key=lambda each: len(each.in_hand))
            if len(actor.in_hand) >= self.shape.seats * ahead:
                return
            number = left.popleft()
            actor.in_hand[actor.handle.work.remote(number, units[number])] = number

    def _ended(self, left: deque[int]) -> list[Row] | Waiting:
        """Wait until something ends; then the rows of all units that have. What dead actors had goes back to ``left``.

        What has to end the job is kept in ``_failure``, so that rows which came before it are not lost.
        """
        self._ask_missing()
        by_whom = {ref: actor for actor in self._actors for ref in actor.awaited()}
        missing = any(actor.missing is not None for actor in self._actors)
        if not by_whom:
            time.sleep(_PING_SECONDS)
            return []
        done, rest = ray.wait(list(by_whom), num_returns=1, timeout=_PING_SECONDS if missing else _PATIENCE)
        done += ray.wait(rest, num_returns=len(rest), timeout=0)[0] if done and rest else []
        if not done and not missing and all(actor.opening is not None for actor in self._actors):
            wanted = f"{self.shape.seats} processors and {self.shape.memory / 2**30:.2f} GiB of memory"
            wanted += f" and {self.shape.gpus:g} of a GPU" if self.shape.gpus else ""
            return Waiting(f"nothing has begun on the Ray cluster; each process reserves {wanted}, perhaps not free")
        found: list[Row] = []
        for ref in done:
            actor = by_whom[ref]
            try:
                value = ray.get(ref)
            except ray.exceptions.RayTaskError as error:
                self._failure = error  # a bug of ours, and not the actor's death
            except ray.exceptions.RayError as error:
                self._miss(actor, error, left)
            else:
                if ref == actor.ping:
                    # Its calls are lost all the same, and it must not go on beside its successor.
                    actor.ping = None
                    ray.kill(actor.handle)
                elif ref == actor.opening:
                    self._opened(actor, value)
                else:
                    del actor.in_hand[ref]
                    found += value
        return found

    def _opened(self, actor: _Actor, row: Row) -> None:
        if row.status == "aborted":
            self._failure = StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
        actor.opening = None
        self._stillborn = 0

    def _ask_missing(self) -> None:
        """Ask actors out of reach, now and then, whether they live; give up those that do not answer for long."""
        now = time.monotonic()
        for actor in self._actors:
            if actor.missing is None:
                continue
            if now - actor.missing > _MISSING_SECONDS:
                ray.kill(actor.handle)
            if actor.ping is None and now - actor.pinged >= _PING_SECONDS:
                actor.ping, actor.pinged = actor.handle.ping.remote(), now

    def _miss(self, actor: _Actor, error: Exception, left: deque[int]) -> None:
        """An actor is out of reach, or dead for good.

        Its units are given to others only when it is known to be dead. A machine that is gone is known to be gone only
        after a while, and until then the attempts that it held would count against their videos.
        """
        said = " ".join(str(error).split())[:_LOGGED]
        if actor.missing is None:
            actor.missing = time.monotonic()
            _log.warning("an actor is gone: %s", said)
        if not isinstance(error, ray.exceptions.ActorDiedError):
            actor.ping = None
            return
        if actor not in self._actors:
            return  # another of its calls has said so
        self._actors.remove(actor)
        self._returned.update(actor.in_hand.values())
        left.extendleft(sorted(actor.in_hand.values(), reverse=True))
        self._stillborn += actor.opening is not None
        able = any(each.opening is None for each in self._actors)
        if (self._stillborn > _MOST_STILLBORN and not able) or max(self._returned.values(), default=0) > _MOST_RETURNS:
            hint = "The logs of the cluster say more; too little memory is the usual reason."
            message = f"Ray's actors die again and again before they have done anything. The last one: {said}"
            self._failure = KinodexError("WORKER_LOST", message, hint)
