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
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray

from stores.errors import KinodexError, StoreError
from workflows.ray_actor import Crew, Perceiver, Row

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

_OVER_LONGEST = 4  # a seat's work as a multiple of the longest unit, from which two of these in a row are no harm
_MOST_STILLBORN = 3  # actors that die before they have opened the library, one after another
_PATIENCE = 60.0  # seconds without an actor, after which the log says what is waited for
_MISSING_SECONDS = 60.0  # that an actor may be out of reach before it is given up; Ray knows of dead machines in 20
_LOGGED = 200  # characters of what Ray says
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a pool is made of.

    Attributes:
        seats: units that one actor works on at the same time; it reserves as many processors.
        actors: most of them. It may be more than fit: a cluster that can grow does so then.
        memory: bytes that one actor reserves.
        gpus: GPUs that one actor reserves, 0 if it needs none: Ray hides them from whoever does not ask, and actors
            share what there is.
    """

    seats: int
    actors: int
    memory: int
    gpus: float = 0.0


def shape_of(
    machines: Sequence[Mapping[str, float]], units: int, workers: int | None, *, pulled: bool, on_gpu: bool, alone: bool
) -> Shape:
    """The shape with the most seats that fit, and of those with as many seats the one with the fewest actors.

    Args:
        machines: of the cluster; ``CPU``, ``memory`` in bytes and ``GPU`` of each, absent where it has none.
        units: how many there are to work on, at least 1.
        workers: seats that were asked for; None for as many as fit.
        pulled: whether models come from the hub.
        on_gpu: whether they use a GPU where there is one.
        alone: whether no two units may be in one process.
    """
    with_gpu = [machine for machine in machines if on_gpu and machine.get("GPU", 0) > 0]
    machines = with_gpu or machines
    models = PULLED_MODELS_MEMORY if pulled else MODELS_MEMORY
    wanted = min(units, workers or units)

    def fitting(seats: int) -> int:
        memory = models + seats * SEAT_MEMORY
        return seats * sum(
            int(min(machine.get("CPU", 0) // seats, machine.get("memory", 0) // memory)) for machine in machines
        )

    most = 1 if alone else min(MOST_SEATS, wanted)
    able = [seats for seats in range(1, most + 1) if fitting(seats)] or [1]
    seats = max(able, key=lambda each: (min(fitting(each), wanted - wanted % each), each))
    actors = math.ceil(min(wanted, workers or max(1, fitting(seats))) / seats)
    memory = models + seats * SEAT_MEMORY
    if not fitting(seats):
        # Better with less memory than not at all.
        memory = int(min(memory, max((machine.get("memory", memory) for machine in machines), default=memory)))
    gpus = sum(machine["GPU"] for machine in with_gpu)
    share = max(0.01, math.floor(100 * min(1.0, gpus / actors)) / 100) if gpus else 0.0
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
    """

    handle: Any
    opening: Any
    in_hand: dict[Any, int] = field(default_factory=dict)


class Pool:
    """Actors of one job, kept until the block ends. To be used by one thread."""

    def __init__(self, crew: Crew, shape: Shape, environment: Mapping[str, str]) -> None:
        self.shape = shape
        self._crew = crew
        # It is we who say what becomes of an actor's units, so Ray restarts and retries nothing.
        self._kind = ray.remote(Perceiver).options(
            num_cpus=shape.seats,
            num_gpus=shape.gpus,
            memory=shape.memory,
            max_concurrency=shape.seats,
            max_restarts=0,
            max_task_retries=0,
            runtime_env={"env_vars": dict(environment)} if environment else None,
        )
        self._actors: list[_Actor] = []
        self._missing: dict[_Actor, float] = {}  # out of reach since, as `time.monotonic` counts
        self._stillborn = 0

    def close(self) -> None:
        """End all actors, whatever they do."""
        for actor in [*self._actors, *self._missing]:
            ray.kill(actor.handle)
        self._actors.clear()
        self._missing.clear()

    def work(self, units: Sequence[str], ahead: int) -> Iterator[list[Row]]:
        """The rows of each unit, whichever ends next.

        Args:
            units: as JSON, in the order in which they are begun.
            ahead: units that a seat is given at a time.

        Raises:
            StoreError: if an actor cannot open the library.
            KinodexError: WORKER_LOST if actors die before they can begin.
        """
        left = deque(range(len(units)))
        ended: list[list[Row]] = []
        try:
            while left or ended or self._busy():
                # New work first: nobody is to wait while the writer writes.
                self._hire(len(left))
                self._give(left, units, ahead)
                yield from ended
                ended = self._ended(left)
        finally:
            if self._busy():
                self.close()  # nobody will take what they have in hand

    def _busy(self) -> bool:
        return any(actor.in_hand for actor in [*self._actors, *self._missing])

    def _hire(self, left: int) -> None:
        free = sum(max(0, self.shape.seats - len(actor.in_hand)) for actor in self._actors)
        while free < left and len(self._actors) < self.shape.actors:
            handle: Any = self._kind.remote(self._crew, self.shape.seats)
            self._actors.append(_Actor(handle, handle.open.remote()))
            free += self.shape.seats

    def _give(self, left: deque[int], units: Sequence[str], ahead: int) -> None:
        there = [actor for actor in self._actors if actor.opening is None]
        while left and there:
            actor = min(there, key=lambda each: len(each.in_hand))
            if len(actor.in_hand) >= self.shape.seats * ahead:
                return
            number = left.popleft()
            actor.in_hand[actor.handle.work.remote(number, units[number])] = number

    def _ended(self, left: deque[int]) -> list[list[Row]]:
        """Wait until something ends; then the rows of all units that have. What dead actors had goes back to ``left``.

        Raises:
            StoreError, KinodexError: as `work`.
        """
        by_whom = {ref: actor for actor in self._actors for ref in actor.in_hand}
        by_whom |= {actor.opening: actor for actor in self._actors if actor.opening is not None}
        done: list[Any] = []
        rest = list(by_whom)
        if rest:
            done, rest = ray.wait(rest, num_returns=1, timeout=1.0 if self._missing else _PATIENCE)
        elif self._missing:
            time.sleep(1.0)
        done += ray.wait(rest, num_returns=len(rest), timeout=0)[0] if done and rest else []
        found: list[list[Row]] = []
        for ref in done:
            actor = by_whom[ref]
            try:
                value = ray.get(ref)
            except ray.exceptions.RayTaskError:
                raise  # a bug of ours, and not the actor's death
            except ray.exceptions.RayError as error:
                if actor not in self._missing:
                    self._missing[actor] = time.monotonic()
                    _log.warning("an actor is gone: %s", " ".join(str(error).split())[:_LOGGED])
                continue
            if ref == actor.opening:
                self._opened(actor, value)
            else:
                del actor.in_hand[ref]
                found.append(value)
        self._look_for_missing(left)
        if not done and not self._missing and all(actor.opening is not None for actor in self._actors):
            wanted = f"{self.shape.seats} processors and {self.shape.memory / 2**30:.2f} GiB of memory"
            _log.warning("no actor has begun for a while: each reserves %s, which may not be free", wanted)
        return found

    def _look_for_missing(self, left: deque[int]) -> None:
        """Give what actors had in hand to others, once it is known that they are dead.

        Not before: a machine that is gone is known to be gone only after a while, and until then the attempts that it
        held would count against their videos.
        """
        for actor, since in list(self._missing.items()):
            if actor in self._actors:
                self._actors.remove(actor)
            try:
                ray.get(actor.handle.ping.remote(), timeout=1.0)
            except ray.exceptions.ActorDiedError:
                pass
            except (ray.exceptions.RayError, TimeoutError):
                if time.monotonic() - since < _MISSING_SECONDS:
                    continue
            # One that answers has lost its calls all the same: what comes of them would come to nobody.
            self._lose(actor, left)

    def _opened(self, actor: _Actor, row: Row) -> None:
        if row.status == "aborted":
            raise StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
        actor.opening = None
        self._stillborn = 0

    def _lose(self, actor: _Actor, left: deque[int]) -> None:
        ray.kill(actor.handle)  # it may only have been out of reach, and must not go on beside its successor
        del self._missing[actor]
        left.extendleft(sorted(actor.in_hand.values(), reverse=True))
        self._stillborn += actor.opening is not None
        if self._stillborn > _MOST_STILLBORN:
            raise KinodexError(
                "WORKER_LOST",
                f"{self._stillborn} of Ray's actors in a row died before they could begin.",
                "The log of the cluster says why; too little memory is the usual reason.",
            )
