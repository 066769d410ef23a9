"""Requests whose connections are on a leash before anything is said on them: what `core.fetching` asks others with."""

from collections.abc import Mapping
from functools import partial
from socket import socket
from typing import Any

import requests  # never: network in this file (for the one place that asks)
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from milepost.core.leash import Leash


def request_of(url: str, content: bytes | None, headers: Mapping[str, str] | None) -> requests.Request:
    """To GET the address, or to POST `content` to it."""
    return requests.Request("GET" if content is None else "POST", url, headers=headers, data=content)


def session_on(leash: Leash) -> requests.Session:
    """One whose every connection is held by the leash."""
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"  # what is packed small may be large
    for scheme in ("http://", "https://"):
        session.mount(scheme, HeldAdapter(leash))
    return session


class HeldAdapter(HTTPAdapter):
    """Puts each connection on the leash before anything is said on it, TLS included."""

    def __init__(self, leash: Leash) -> None:
        super().__init__()
        self._leash = leash

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*arguments, **options)
        kind = HeldSecurely if pool.scheme == "https" else Held
        vars(pool)["ConnectionCls"] = partial(kind, leash=self._leash)
        return pool


class Held(HTTPConnection):
    """A connection that its leash can shut."""

    def __init__(self, *arguments: Any, leash: Leash, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._leash = leash

    def _new_conn(self) -> socket:
        connection = super()._new_conn()
        self._leash.hold(connection)
        return connection


class HeldSecurely(Held, HTTPSConnection):
    """The same over TLS from the first byte: `HTTPSConnection` wraps what `Held` connects."""
