"""The cluster that a job runs on: one of its own on this machine, or one that is there.

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
"""What a process of Ray has to know before it starts: how many threads a numerical library may use beside our own
(Ray would say as many as the actor reserves), and what `encoders.runtime.memory_use` asks of the C library. Ray's
workers have threads before any code of ours runs, and threads keep the memory arenas they began with. Source: measured
on 38 clips,
two slots on two cores: 2.5 s of system time instead of 7.5.
"""

ASIDE = "aside"
"""Where actors answer what is asked beside their work, in a thread of its own (a concurrency group, in Ray's words)."""
aside = ray.method(concurrency_group=ASIDE)

_OBJECT_STORE = 256 << 20  # rows are a few hundred bytes
_ANSWER_SECONDS = 10.0


def _check_answers(address: str) -> None:
    """Ray itself waits for minutes without a word where nothing listens.

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
    """Ray for the block: the one that runs already, the one at ``address``, or one of our own.

    It gives the environment that workers have to be asked for with. Those of a cluster of our own have it already, so
    that the ones which Ray starts beforehand can be used.
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
    """`ray.init`, but whoever handles SIGTERM goes on doing so.

    Ray's own handlers print a page of addresses, and exit in a way that it later takes for another.
    """
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**options)
    finally:
        if threading.current_thread() is threading.main_thread() and callable(before):
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _in_environment(added: Mapping[str, str]) -> Iterator[None]:
    """Have processes that start in the block know ``added``, but for what they know already."""
    new = {name: value for name, value in added.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


def machines() -> list[Mapping[str, float]]:
    """What each machine of the cluster has, busy or not, by Ray's names: ``CPU``, ``memory`` in bytes, ``GPU``."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in nodes if node["Alive"]]


def alive() -> set[str]:
    """Names of the machines that are in the cluster."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return {node["NodeID"] for node in nodes if node["Alive"]}


def this_machine() -> str:
    """Name of the machine that this actor runs on."""
    return str(ray.get_runtime_context().get_node_id())
