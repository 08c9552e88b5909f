"""Prometheus metrics of a server: requests by route, jobs by state. Never ids, names or texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of `ServerMetrics.text`. Source: the Prometheus text exposition format."""

_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class ServerMetrics:
    """Counts requests, and asks for the rest when it is scraped. Nothing is registered with the process's own registry.

    Args:
        jobs: returns how many jobs there are by state.
        worker: returns whether the worker process is alive; None if the server has none.
    """

    def __init__(self, jobs: Callable[[], Mapping[str, int]], worker: Callable[[], bool | None]) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("kinodex_requests", "Requests that were answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "kinodex_request_seconds",
            "Seconds until an answer began.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Collector(jobs, worker))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request by the template of its route."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _Collector:
    def __init__(self, jobs: Callable[[], Mapping[str, int]], worker: Callable[[], bool | None]) -> None:
        self._jobs, self._worker = jobs, worker

    def describe(self) -> Iterator[Metric]:
        """Nothing: what there is, is found out when it is scraped."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        jobs = GaugeMetricFamily("kinodex_jobs", "Jobs by state.", labels=["state"])
        for state, count in self._jobs().items():
            jobs.add_metric([state], count)
        yield jobs
        alive = self._worker()
        if alive is not None:
            yield GaugeMetricFamily("kinodex_worker_up", "Whether the worker process is alive.", int(alive))
