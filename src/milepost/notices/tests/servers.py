"""Mail servers as they are: one that takes mail and remembers it, and others that refuse, drip and close (more in tests/servers.py)."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from running import free_port


@dataclass
class Inbox:
    """What a real server took, and what it answers. `on_rcpt` and `on_data` map an address to the answer it gets."""

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    messages: list = field(default_factory=list)
    on_rcpt: dict = field(default_factory=dict)
    on_data: dict = field(default_factory=dict)
    on_mail: str = ""

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if self.on_mail:
            return self.on_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if answer := self.on_rcpt.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        if answer := self.on_data.get(envelope.rcpt_tos[0]):
            return answer
        self.messages.append(message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default))
        return "250 OK"

    @property
    def addresses(self):
        return sorted(message["To"] for message in self.messages)


@contextmanager
def inbox(**answers):
    """A server that runs inside the block."""
    found = Inbox(**answers)
    controller = Controller(found, hostname=found.host, port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


def close_in_the_middle(connection, over):
    """Takes everything up to the words, and is gone before it says whether it has them."""
    stream = connection.makefile("rb")
    connection.sendall(b"220 here\r\n")
    while line := stream.readline():
        if line.upper().startswith(b"DATA"):
            connection.sendall(b"354 go on\r\n")
            while stream.readline() not in {b".\r\n", b""}:
                pass
            return
        connection.sendall(b"250 OK\r\n")
