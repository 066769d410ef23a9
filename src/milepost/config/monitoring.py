"""What programs ask to learn how the installation is: `/healthz`, `/readyz` and `/metrics`.

They are answered before anything else looks at the request: a balancer asks by number, not by the name of the site.
Strangers learn whether it is well, and nothing else; details are for trusted networks, and for whoever has the token.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.crypto import constant_time_compare

from milepost.core import metrics
from milepost.core.openness import Whom, open_to
from milepost.core.probes import Reading, probes, read
from milepost.people.access import client_address

SILENT = 5.0  # seconds after which an answer that holds no more is not repeated
KEPT = 3.0  # seconds for which an answer holds: whoever asks more often is told the same


class MonitoringMiddleware:
    """Answer what programs ask about the installation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = ANSWERS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        return answer(request)


@open_to(Whom.EVERYBODY, "says that this process answers")
def alive(request: HttpRequest) -> HttpResponse:
    """Whether this process answers. Touches no database: one that is away is no reason to start a process again."""
    return HttpResponse("ok", content_type="text/plain")


@open_to(Whom.EVERYBODY, "says well or not; details for trusted networks, or with the token")
def ready(request: HttpRequest) -> HttpResponse:
    """200 if every probe is within its bound, or 503; with `?for=serving`, those without which no page can be shown."""
    readings = _readings.now()
    if request.GET.get("for") == "serving":
        readings = {name: reading for name, reading in readings.items() if probes.get(name).is_vital}
    is_well = all(reading.is_well for reading in readings.values())
    answer: dict[str, Any] = {"ok": is_well}
    if _is_trusted(request):
        answer["probes"] = {name: _as_json(name, reading) for name, reading in readings.items()}
    response = JsonResponse(answer, status=200 if is_well else 503)
    if not is_well:
        response.headers["Retry-After"] = "5"
    return response


@open_to(Whom.EVERYBODY, "refuses whoever is of no trusted network, or without the token")
def numbers(request: HttpRequest) -> HttpResponse:
    """Everything that is counted and measured, as Prometheus reads it."""
    if not _is_trusted(request):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="monitoring"'})
    if not metrics.is_installed():
        return HttpResponse("pip install 'milepost[metrics]'\n", status=501, content_type="text/plain")
    from milepost.config.exposition import exposition

    content, content_type = exposition(_readings.now())
    return HttpResponse(content, content_type=content_type)


ANSWERS = {"/healthz": alive, "/readyz": ready, "/metrics": numbers}


def _as_json(name: str, reading: Reading) -> dict[str, Any]:
    probe = probes.get(name)
    answer = {"ok": reading.is_well, "value": reading.value, "bound": probe.bound, "unit": probe.unit}
    return answer | ({"trouble": reading.trouble} if reading.trouble else {})


@dataclass
class _Readings:
    """What the probes said last. One thread asks them; others meanwhile are told what was said before, or wait for the first."""

    lock: Lock
    said: dict[str, Reading]
    until: float = 0.0

    def now(self) -> dict[str, Reading]:
        if time.monotonic() >= self.until and self.lock.acquire(blocking=not self.said):
            try:
                if time.monotonic() >= self.until:
                    self.said = {name: read(probe) for name, probe in probes.items()}
                    self.until = time.monotonic() + KEPT
            finally:
                self.lock.release()
        if time.monotonic() > self.until + SILENT:  # whoever asks them still waits for an answer
            return self.said | {"database": Reading(False, trouble="It has not answered for a while.")}
        return self.said


_readings = _Readings(Lock(), {})


def _is_trusted(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if settings.MONITORING_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.MONITORING_TOKEN)
    try:
        address = ip_address(client_address(request))
    except (ValueError, PermissionDenied):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network) for network in settings.MONITORING_NETWORKS)
