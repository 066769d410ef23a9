"""An end to every conversation with another server.

A time-out on a socket bounds one read, so a server that sends a byte now and then holds its client for ever. A
conversation as a whole is on a leash: when its time is over, another thread shuts the socket.

    leash = Leash("The mail server")
    with leash.within(30):              # seconds, over all reads and writes
        leash.hold(connect())           # as soon as there is a socket
        …
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer


class Leash:
    """Ends a conversation whose time is over, wherever it hangs. `server` is who is spoken with, to tell of it."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.is_over = False
        self._socket: socket.socket | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End the conversation when the block takes longer. Raises `TimeoutError` instead of what that did to the block."""
        self.is_over = False
        timer = Timer(seconds, self._pull)
        timer.daemon = True
        timer.start()
        try:
            yield
        except OSError as error:
            if self.is_over:
                raise TimeoutError(f"{self.server} took longer than {seconds:.0f} s.") from error
            raise
        finally:
            timer.cancel()

    def hold(self, connection: socket.socket) -> None:
        """Watch this connection: a second handle on it, which TLS does not take away."""
        self.let_go()
        self._socket = connection.dup()
        if self.is_over:
            self._pull()

    def let_go(self) -> None:
        """Give the second handle back; the connection is closed."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _pull(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
