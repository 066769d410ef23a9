"""Servers that make trouble, whatever they are asked."""

import socket
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def trouble(behaviour, *, port=None):
    """A server that does to each connection what `behaviour(connection)` says."""
    over, listening = Event(), socket.create_server(("127.0.0.1", port or 0))
    listening.settimeout(0.1)

    def serve():
        while not over.is_set():
            try:
                connection, _address = listening.accept()
            except TimeoutError:
                continue
            Thread(target=behave, args=(connection,), daemon=True).start()

    def behave(connection):
        with connection:
            try:
                behaviour(connection, over)
            except OSError:
                return

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listening.close()


def hang(connection, over):
    """Says nothing."""
    over.wait(30)


def drip(connection, over):
    """A byte every tenth of a second: no single read times out."""
    while not over.wait(0.1):
        connection.sendall(b"2")
