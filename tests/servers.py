"""Servers that make trouble, whatever they are asked."""

import socket
from contextlib import contextmanager, suppress
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


class Between:
    """Stands between a client and a server. For the time of a block it ends and refuses connections (`refusing`), passes nothing
    on (`frozen`), or does to each new connection what a behaviour says (`behaving`).
    """

    def __init__(self, host, port, listening=None):
        self.server, self.pairs = (host, port), set()
        self.listening = listening or socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listening.getsockname()[1]
        self.passes, self.accepts = Event(), Event()
        self.passes.set()
        self.accepts.set()
        self.behaviour = None
        Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def refusing(self):
        self.accepts.clear()
        for one in list(self.pairs):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        yield
        self.accepts.set()

    @contextmanager
    def frozen(self):
        self.passes.clear()
        yield
        self.passes.set()

    @contextmanager
    def behaving(self, behaviour):
        over = Event()
        self.behaviour = lambda connection: behaviour(connection, over)
        yield
        self.behaviour = None
        over.set()

    def _behave(self, client):
        with client, suppress(OSError):
            self.behaviour(client)

    def _serve(self):
        while True:
            try:
                client, _address = self.listening.accept()
            except OSError:
                return
            if self.behaviour is not None:
                Thread(target=self._behave, args=(client,), daemon=True).start()
                continue
            if not self.accepts.is_set():
                client.close()
                continue
            server = socket.create_connection(self.server)
            self.pairs |= {client, server}
            for source, target in ((client, server), (server, client)):
                Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                self.passes.wait()
                target.sendall(data)
        for one in (source, target):
            self.pairs.discard(one)
            with suppress(OSError):  # the other thread still listens to it: a mere `close` would tell nobody
                one.shutdown(socket.SHUT_RDWR)
            one.close()
