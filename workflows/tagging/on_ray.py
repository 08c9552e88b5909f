"""Deciding on Ray: the driver's side. Videos' ids go to the actors, decisions come back; the driver commits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stores.core.errors import EndpointError, KinodexError, StoreError
from workflows.executors.ray.cluster import cluster, machines
from workflows.executors.ray.pool import Pool
from workflows.executors.ray.shape import shape_of
from workflows.tagging.actor import TaggingActor, TagRow
from workflows.tagging.deciding import Decided
from workflows.tagging.tagger_config import TaggerConfig
from workflows.workers import default_workers

TOGETHER = 16
"""Videos that are handed out at a time, fewer where there are few: a call costs a millisecond, a video some tens of
them. Source: our choice."""


@contextmanager
def on_ray(config: TaggerConfig, video_ids: Sequence[str], workers: int | None) -> Iterator[Iterator[list[Decided]]]:
    """As `workflows.tagging.on_threads.on_threads`, with the actors of a cluster.

    Raises:
        UsageError: USAGE if no cluster answers.
        KinodexError: WORKER_LOST if actors die before they can begin; else what deciding raises.
    """
    with cluster(config.address, workers or default_workers()) as environment:
        units = _units(video_ids, workers or default_workers())
        shape = shape_of(machines(), len(units), workers, pulled=config.pulled, on_gpu=False, one_slot=True)
        pool = Pool(config, shape, environment, TaggingActor)
        try:
            yield _decided(pool, [json.dumps(some) for some in units])
        finally:
            pool.close()


def _units(video_ids: Sequence[str], workers: int) -> list[Sequence[str]]:
    size = max(1, min(TOGETHER, len(video_ids) // (4 * workers)))
    return [video_ids[first : first + size] for first in range(0, len(video_ids), size)]


def _decided(pool: Pool, units: Sequence[str]) -> Iterator[list[Decided]]:
    # Two at a time: the driver, which hands them out, may be busy with a commit.
    for rows in pool.work(units, 2):
        made = [row.decided for row in rows if row.decided is not None]
        if made:
            yield made
        for row in rows:
            if row.status == "aborted":
                raise _error(row)


def _error(row: TagRow) -> KinodexError:
    kind = EndpointError if row.error_code.startswith("ENDPOINT_") else StoreError
    return kind(row.error_code, row.error_message, row.hint)
