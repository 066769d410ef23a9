"""Traces, where somebody collects them (`MILEPOST_TRACES_URL`): what a request or a job did, and how long each part took.

    with span("make a sheet", queue="files") as this:        # does nothing, and costs nothing, where nobody collects
        …

A span has names and numbers of its own, never an address as it was asked for: personal links are in them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection

_tracers: list[Any] = []


def are_on() -> bool:
    """Whether this process sends traces."""
    return bool(_tracers)


def start(url: str, *, process: str) -> None:
    """Send traces of this process to the collector at this address (OTLP over HTTP), in the background."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "milepost", "milepost.process": process}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    _tracers.append(provider.get_tracer("milepost"))


@contextmanager
def span(name: str, *, headers: Mapping[str, str] | None = None, **attributes: Any) -> Iterator[Any]:
    """A span over the block, with one for each statement to the database in it; None where nobody collects.

    `headers` are those of a request that comes from somebody trusted: their span is the one above (W3C Trace Context).
    """
    if not _tracers:
        yield None
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    above = TraceContextTextMapPropagator().extract(headers) if headers else None
    opened = _tracers[0].start_as_current_span(name, context=above, attributes=attributes)
    with opened as this, connection.execute_wrapper(_statement):
        yield this


def _statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    with _tracers[0].start_as_current_span(sql.split(None, 1)[0].lower()) as this:
        this.set_attribute("db.system.name", connection.vendor)
        this.set_attribute("db.query.text", sql)  # with marks in the place of values
        return execute(sql, params, many, context)  # never: sql (Django’s, passed on)
