"""Counters of all processes, gauges of all rooms and readings of all probes, as Prometheus takes them."""

import logging
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from milepost.core.metrics import PREFIX, are_counted, gauges
from milepost.core.probes import Reading

logger = logging.getLogger(__name__)


def exposition(readings: dict[str, Reading]) -> tuple[bytes, str]:
    """The text, and its type."""
    registry = CollectorRegistry()
    if are_counted():
        multiprocess.MultiProcessCollector(registry)
    registry.register(_Now(readings))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Now:
    """What is so at this moment."""

    def __init__(self, readings: dict[str, Reading]) -> None:
        self.readings = readings

    def collect(self) -> Iterator[Any]:
        well = GaugeMetricFamily(f"{PREFIX}probe_ok", "Whether a probe is within its bound.", labels=["probe"])
        value = GaugeMetricFamily(f"{PREFIX}probe_value", "What a probe measures, in its unit.", labels=["probe"])
        for name, reading in self.readings.items():
            well.add_metric([name], float(reading.is_well))
            if reading.value is not None:
                value.add_metric([name], reading.value)
        yield from (well, value)
        for gauge in gauges.all():
            family = GaugeMetricFamily(PREFIX + gauge.name, gauge.help, labels=gauge.labels)
            try:
                for labels, number in gauge.read():
                    family.add_metric(labels, number)
            except Exception:  # one that can't be read is left out: the others say why, and more
                logger.exception("%s can't be read.", gauge.name)
                continue
            yield family
