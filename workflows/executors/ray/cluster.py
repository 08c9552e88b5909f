"""The cluster that a job runs on: one started for it on this machine, or an existing one.

Ray is imported here first, with its environment set.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stores.core.errors import UsageError

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ray

WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
}
"""Environment of Ray's worker processes: how many threads numerical libraries may use besides our own (Ray would allow
as many as the actor reserves), and the memory settings of `encoders.runtime.memory_use`. The latter must be set before
the process starts: Ray's workers have threads before any of our code runs, and threads keep the arenas they started
with. Source: measured on 38 clips, two slots on two cores: 2.5 s of system time instead of 7.5.
"""

POLLING = "polling"
"""Concurrency group in which actors answer questions about their progress while they work."""
polled = ray.method(concurrency_group=POLLING)

_OBJECT_STORE = 256 << 20  # rows are a few hundred bytes
_ANSWER_SECONDS = 10.0


def _check_answers(address: str) -> None:
    """Fail fast: Ray itself waits silently for minutes where nothing listens.

    Raises:
        UsageError: USAGE if nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # ``auto`` and the like: Ray finds the cluster, or says that there is none
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except OSError as error:
        raise _no_cluster(address, (error.strerror or str(error)).lower()) from error


def _no_cluster(address: str, why: str) -> UsageError:
    hint = "Start one with `ray start --head`, give the address of its head, or leave --address out."
    return UsageError("USAGE", f"No Ray cluster answers at {address}: {why}.", hint)


@contextmanager
def cluster(address: str | None, workers: int) -> Iterator[Mapping[str, str]]:
    """Connect to Ray for the block: as already initialised, to the cluster at ``address``, or to a new local one.

    Yields:
        the environment to request for workers. On a new local cluster it is empty, since workers inherit it there;
        so the workers that Ray starts in advance can be used.
    """
    ours = not ray.is_initialized()
    if ours and address is not None:
        _check_answers(address)
        try:
            _begin(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
            raise _no_cluster(address, str(error).splitlines()[0]) from error
    elif ours:
        with _in_environment(WORKER_ENVIRONMENT):
            _begin(
                address="local",
                num_cpus=workers,
                object_store_memory=_OBJECT_STORE,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    try:
        yield {} if ours and address is None else WORKER_ENVIRONMENT
    finally:
        if ours:
            ray.shutdown()


def _begin(**options: Any) -> None:
    """`ray.init`, but with the program's own SIGTERM handler restored.

    Ray's handlers print a page of addresses, and their exit surfaces as other exceptions (docs/ray-facts.md).
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**options)
    finally:
        if threading.current_thread() is threading.main_thread() and callable(before):
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _in_environment(added: Mapping[str, str]) -> Iterator[None]:
    """Add ``added`` to the environment for the block; variables that are already set stay as they are."""
    new = {name: value for name, value in added.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


def machines() -> list[Mapping[str, float]]:
    """Resources of each machine in the cluster, busy or not, by Ray's names: ``CPU``, ``memory`` in bytes, ``GPU``."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in nodes if node["Alive"]]


def alive() -> set[str]:
    """Ids of the machines that are in the cluster."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return {node["NodeID"] for node in nodes if node["Alive"]}


def this_machine() -> str:
    """Id of the machine that this actor runs on."""
    return str(ray.get_runtime_context().get_node_id())
