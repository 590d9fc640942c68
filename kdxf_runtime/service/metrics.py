"""Figures of the service in the text format of Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kdxf_runtime.service.drift import DriftMonitor

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PICTURES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """What the service counts.

    Args:
        waiting: Returns how many pictures wait for a worker.
        drift: Compares pictures with those that the bundle was calibrated on; None where that is not known.
    """

    def __init__(self, waiting: Callable[[], int], drift: DriftMonitor | None = None) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "kdxf_requests", "Requests by path and status", ["path", "method", "status"], registry=registry
        )
        self._whole = Histogram(
            "kdxf_request_seconds", "Time of a whole request", ["path"], buckets=_SECONDS, registry=registry
        )
        self._stages = Histogram(
            "kdxf_stage_seconds",
            "Time of a picture in a stage: queue, decode, ocr, model",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch = Histogram("kdxf_request_pictures", "Pictures of a request", buckets=_PICTURES, registry=registry)
        self._errors = Counter("kdxf_picture_errors", "Pictures without an answer", registry=registry)
        Gauge("kdxf_queue_pictures", "Pictures that wait for a worker", registry=registry).set_function(waiting)
        if drift is not None:
            registry.register(_DriftGauges(drift))

    def count_request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(path, method, str(status)).inc()
        self._whole.labels(path).observe(seconds)

    def count_pictures(self, count: int) -> None:
        """Count the pictures of a request that was accepted."""
        self._batch.observe(count)

    def count_answer(self, stages: Mapping[str, float], *, failed: bool) -> None:
        """Count a picture.

        Args:
            stages: The seconds of each stage that it went through.
            failed: Whether it has an error in place of an answer.
        """
        for stage, seconds in stages.items():
            self._stages.labels(stage).observe(seconds)
        self._errors.inc(failed)

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self._registry)


class _DriftGauges(Collector):
    """The figures of a :class:`DriftMonitor`, as they are when they are asked for."""

    def __init__(self, drift: DriftMonitor) -> None:
        self._drift = drift

    def collect(self) -> Iterator[Metric]:
        drift = self._drift
        yield GaugeMetricFamily(
            "kdxf_drift", "1: the last pictures differ from those of the calibration", float(drift.message is not None)
        )
        yield GaugeMetricFamily("kdxf_drift_pictures", "Pictures that are compared", drift.pictures)
        distances = GaugeMetricFamily(
            "kdxf_drift_distance", "Distance of Kolmogorov and Smirnov, from 0 to 1", labels=["statistic"]
        )
        for name, distance in drift.distances.items():
            distances.add_metric([name], distance)
        yield distances
