"""Prometheus metrics of one job: a file for the textfile collector, or a port to scrape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from stores.core.errors import CODES, UsageError
from stores.files.blobs import write_whole
from workflows.telemetry.progress import Event
from workflows.telemetry.tally import Counts, Tally


class Metrics:
    """Exports a `Tally` to Prometheus. It is also a progress callback that feeds the tally.

    Labels are stages, statuses, error codes and who is to blame: never paths, ids or texts. Parts of long videos
    count under their stage. Nothing is registered with the process's own registry.

    Args:
        tally: of the job; if it is fed otherwise already, do not pass events to this callback, too.
    """

    def __init__(self, tally: Tally | None = None) -> None:
        self.tally = tally or Tally()
        self.registry = CollectorRegistry()
        self.registry.register(_Collector(self.tally))

    def __call__(self, event: Event) -> None:
        """Count one event."""
        self.tally(event)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def write(self, path: Path) -> None:
        """Write the metrics to a file, atomically, for the textfile collector of node_exporter.

        That collector reads files whose names end in ``.prom``.

        Raises:
            OSError: if the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, self.text())

    @contextmanager
    def serve(self, port: int, host: str = "127.0.0.1") -> Iterator[int]:
        """Serve ``http://host:port/metrics`` during the block; port 0 takes any free one.

        Yields:
            the port.

        Raises:
            UsageError: USAGE if the port cannot be used.
        """
        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(
                "USAGE", f"metrics cannot be served on {host}:{port}: {why}.", "Choose another port."
            ) from None
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Collector:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def describe(self) -> Iterator[Metric]:
        """The same metrics, before anything is counted."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        counts = self._tally.counts()
        yield from _of_stages(counts)
        errors = CounterMetricFamily("kinodex_errors", "Stage runs that ended with an error.", labels=("code", "blame"))
        for code, count in counts.errors.items():
            errors.add_metric((code, CODES[code].blame), count)
        yield errors
        queue = GaugeMetricFamily("kinodex_queue", "Videos that wait or are being worked on.", labels=("state",))
        queue.add_metric(("waiting",), counts.waiting)
        queue.add_metric(("running",), counts.running)
        yield queue
        videos = GaugeMetricFamily("kinodex_videos", "Videos of this run, by how they ended.", labels=("status",))
        for status, count in counts.videos.items():
            videos.add_metric((status,), count)
        yield videos
        yield GaugeMetricFamily("kinodex_run_seconds", "Seconds since the run began.", value=counts.seconds)


def _of_stages(counts: Counts) -> Iterator[Metric]:
    runs = CounterMetricFamily(
        "kinodex_stage_runs", "Stage runs that ended, parts included.", labels=("stage", "status", "code")
    )
    attempts = CounterMetricFamily("kinodex_attempts", "Stage runs that were begun.", labels=("stage",))
    seconds = CounterMetricFamily("kinodex_stage_seconds", "Seconds of work.", labels=("stage",))
    media = CounterMetricFamily("kinodex_media_seconds", "Seconds of video processed.", labels=("stage",))
    speed = GaugeMetricFamily(
        "kinodex_media_seconds_per_second", "Seconds of video per second of work.", labels=("stage",)
    )
    for stage, count in counts.stages.items():
        for (status, code), number in count.runs.items():
            runs.add_metric((stage, status, code), number)
        attempts.add_metric((stage,), count.attempts)
        seconds.add_metric((stage,), count.seconds)
        media.add_metric((stage,), count.media_seconds)
        speed.add_metric((stage,), count.speed)
    yield from (runs, attempts, seconds, media, speed)
