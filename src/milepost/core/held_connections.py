"""Requests whose connections are on a leash before anything is said on them: what `core.fetching` asks others with."""

from collections.abc import Mapping
from errno import ECONNREFUSED
from functools import partial
from socket import SOCK_STREAM, getaddrinfo, socket
from typing import Any

import requests  # never: network in this file (for the one place that asks)
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from milepost.core.leash import Leash
from milepost.core.networks import is_inner


def request_of(url: str, content: bytes | None, headers: Mapping[str, str] | None) -> requests.Request:
    """To GET the address, or to POST `content` to it."""
    return requests.Request("GET" if content is None else "POST", url, headers=headers, data=content)


def session_on(leash: Leash, *, only_outside: bool) -> requests.Session:
    """One whose every connection is held by the leash, and goes, if it is `only_outside`, to no machine of this network."""
    session = requests.Session()
    session.trust_env = not only_outside  # a proxy would ask wherever it is sent, and stands inside itself
    session.headers["Accept-Encoding"] = "identity"  # what is packed small may be large
    for scheme in ("http://", "https://"):
        session.mount(scheme, HeldAdapter(leash, only_outside=only_outside))
    return session


class HeldAdapter(HTTPAdapter):
    """Puts each connection on the leash before anything is said on it, TLS included."""

    def __init__(self, leash: Leash, *, only_outside: bool) -> None:
        super().__init__()
        self._leash = leash
        self._only_outside = only_outside

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*arguments, **options)
        kind = HeldSecurely if pool.scheme == "https" else Held
        vars(pool)["ConnectionCls"] = partial(kind, leash=self._leash, only_outside=self._only_outside)
        return pool


class Held(HTTPConnection):
    """A connection that its leash can shut."""

    def __init__(self, *arguments: Any, leash: Leash, only_outside: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._leash = leash
        self._only_outside = only_outside

    def _new_conn(self) -> socket:
        connection = super()._new_conn() if not self._only_outside else self._outside()
        self._leash.hold(connection)
        return connection

    def _outside(self) -> socket:
        """A connection to the very address that was looked at: a name may say another one the next time that it is asked."""
        said = [str(address[0]) for *_kind, address in getaddrinfo(self.host, self.port, type=SOCK_STREAM)]
        outside = next((address for address in said if not is_inner(address)), None)
        if outside is None:
            raise OSError(ECONNREFUSED, "it is no server outside of this network")
        return create_connection((outside, self.port), self.timeout, None, self.socket_options)


class HeldSecurely(Held, HTTPSConnection):
    """The same over TLS from the first byte: `HTTPSConnection` wraps what `Held` connects."""
