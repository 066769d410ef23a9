"""A browser of somebody who means harm: it sends what it likes, behind the proxy that a product in earnest has before it."""

import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

HOST = "milepost.example"
TOKEN = "c" * 32
_networks = count(1)


def network() -> str:
    """An address of another /64 each time, so that a limit by address is not what ends an attack."""
    return f"2001:db8:{next(_networks):x}::1"


@dataclass
class Answer:
    status: int
    text: str
    content: bytes
    headers: Any

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))


@dataclass
class Browser:
    """`names` are those of the session's cookie and the form's; with a session it is signed in."""

    port: int
    names: tuple[str, str]
    session: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = ""

    def __post_init__(self) -> None:
        self.address = self.address or network()
        self.cookies |= {self.names[1]: TOKEN} | ({self.names[0]: self.session} if self.session else {})

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(
        self, path: str, data: Any = None, *, files: dict[str, tuple[str, bytes]] | None = None, **headers: str
    ) -> Answer:
        """A form of our own page; `files` by field."""
        sent = {
            "X-CSRFToken": self.cookies[self.names[1]],
            "Referer": f"https://{HOST}/",
            "Origin": f"https://{HOST}",
        } | headers
        if files:
            body, kind = _multipart(data or {}, files)
        else:
            body, kind = urlencode(data or {}, doseq=True).encode(), "application/x-www-form-urlencoded"
        return self.ask("POST", path, body, {"Content-Type": kind} | sent)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": self.address,
            "Cookie": cookies,
            "Accept": "text/html",
            "Accept-Language": "en",
        }
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(
                method, quote(path, safe="/?&=%#:@;,+~!$*()"), skip_host=True, skip_accept_encoding=True
            )
            for name, value in (sent | (headers or {})).items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for header in response.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return Answer(response.status, content.decode("utf-8", "replace"), content, response.headers)


def _multipart(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    boundary, parts = uuid.uuid4().hex, b""
    for name, value in fields.items():
        parts += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (file_name, content) in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        parts += head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    return parts + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
