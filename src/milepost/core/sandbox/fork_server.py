"""The process that children are forked from: it has Django and the parsers loaded, one thread, and no file of anybody's.

    python -m milepost.core.sandbox.fork_server NUMBER|PATH

Either it belongs to one process, which hands it sockets through the one of this number; or it listens at a path, to every
process of its host that may open that. For each request a socket comes, and the name of a function. Its module is loaded
here, once; the child is a fork that sets itself limits, reads the request, answers on that socket, and ends. Each file has
a child of its own, so that none finds anything of another’s, and what a parser leaks goes with it.
"""

import gc
import os
import pickle
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any, cast

from milepost.core.ending import end_with
from milepost.core.sandbox import confinement
from milepost.core.sandbox.channel import HEARD, NAME_BYTES, send
from milepost.core.starting import set_up
from milepost.core.systemd import Systemd

NICE = 5  # pages go before files
MAX_REQUEST = 256 << 20  # bytes
MOST_CALLERS = 256  # that have not named one yet; of more, the first is let go
NAMING = 1.0  # seconds in which whoever connects names a function …
NO_REQUEST = 60  # … and sends it what it reads
AFTER_LOADING = 0.5  # seconds of CPU that the first file of its kind has, however long its parser took to load


def main() -> None:
    """Serve until the process that asks has ended, or until whoever keeps the host's server ends it."""
    where = sys.argv[1]
    is_of_host = not where.isdigit()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with who asks, and not before
    if is_of_host:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    os.nice(NICE)
    control = _listening(where) if is_of_host else socket.socket(fileno=int(where))
    callers: dict[socket.socket, Caller] = {}
    next_one = partial(_connected, Systemd(), callers) if is_of_host else _handed_over
    set_up()
    _load_catalogues()
    if absent := confinement.missing():
        print(f"Files that people send are read without {' and '.join(absent)}.", file=sys.stderr, flush=True)
    functions: dict[str, Callable[..., Any]] = {}
    while True:
        name, connection = next_one(control)
        began = time.process_time()
        with suppress(OSError):
            send(connection, HEARD, b"")
        if name not in functions:
            try:
                functions[name] = _load(name)
            except Exception as error:  # whoever asks for what there is not
                print(f"No function {name!r} could be loaded: {error!r}", file=sys.stderr, flush=True)
                connection.close()
                continue
        server, loading = os.getpid(), time.process_time() - began
        if os.fork() == 0:
            for socket_of_others in (control, *callers):
                socket_of_others.close()
            _be_child(functions[name], connection, server, loading)
        connection.close()


def _load_catalogues() -> None:
    """A child speaks the language of who asks: reading its texts anew would take longer than reading most files."""
    from django.conf import settings
    from django.utils import translation

    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("")


def _listening(path: str) -> socket.socket:
    """At the path, in the place of a server that was killed. Its folder says who may connect."""
    Path(path).unlink(missing_ok=True)
    control = socket.socket(socket.AF_UNIX)
    control.bind(path)
    control.listen(128)
    return control


@dataclass
class Caller:
    """Who has connected: until when they have to name a function, and what has come of the name."""

    until: float
    name: bytes = b""


def _connected(
    keeper: Systemd, callers: dict[socket.socket, Caller], control: socket.socket
) -> tuple[str, socket.socket]:
    """What the next one of the callers names, and their connection: whoever connects and says nothing holds nobody else up.

    Whoever keeps the server hears that it lives: one that is stopped says nothing, and is ended.
    """
    while True:
        keeper.live()
        for silent in [one for one, caller in callers.items() if caller.until < time.monotonic()]:
            _let_go(silent, callers)
        for ready in _heard(control, callers, keeper.beat):
            if ready is control:
                _take(control, callers)
            elif ready in callers and (name := _name_of(ready, callers)):
                return name, ready


def _heard(control: socket.socket, callers: dict[socket.socket, Caller], beat: float) -> list[socket.socket]:
    ends = [caller.until - time.monotonic() for caller in callers.values()] + ([beat] if beat else [])
    with selectors.PollSelector() as selector:  # it leaves nothing open in a child
        for one in (control, *callers):
            selector.register(one, selectors.EVENT_READ)
        return [cast(socket.socket, key.fileobj) for key, _what in selector.select(min(ends, default=None))]


def _take(control: socket.socket, callers: dict[socket.socket, Caller]) -> None:
    connection, _address = control.accept()
    connection.setblocking(False)
    callers[connection] = Caller(time.monotonic() + NAMING)
    if len(callers) > MOST_CALLERS:
        _let_go(next(iter(callers)), callers)


def _name_of(connection: socket.socket, callers: dict[socket.socket, Caller]) -> str:
    """The function that the caller has named, who is then none any more; or nothing, as long as that is not all there."""
    caller = callers[connection]
    with suppress(OSError):
        part = connection.recv(NAME_BYTES - len(caller.name))
        caller.name += part
        if len(caller.name) == NAME_BYTES:
            del callers[connection]
            connection.setblocking(True)
            return caller.name.decode(errors="replace").strip()
        if part:
            return ""
    _let_go(connection, callers)
    return ""


def _let_go(connection: socket.socket, callers: dict[socket.socket, Caller]) -> None:
    del callers[connection]
    connection.close()


def _handed_over(control: socket.socket) -> tuple[str, socket.socket]:
    message, descriptors, _flags, _address = socket.recv_fds(control, NAME_BYTES, 1)
    if not message:
        os._exit(0)  # its children end with it
    return message.decode().strip(), socket.socket(fileno=descriptors[0])


def _load(name: str) -> Callable[..., Any]:
    module, _colon, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)
    for needed in vars(loaded)["loads"]:
        import_module(needed)
    gc.collect()
    gc.freeze()  # what is loaded is shared with all children, and stays so
    return loaded


def _be_child(function: Callable[..., Any], connection: socket.socket, server: int, loading: float) -> None:
    from django.utils import translation

    from milepost.core import sandbox
    from milepost.core.sandbox import channel

    def spent() -> float:
        return loading + time.process_time()

    status = 1
    try:
        end_with(server)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(NO_REQUEST)  # whoever asked may have been stopped
        channel.send(connection, channel.BEGUN, b"")
        kind, request = channel.receive(connection, at_most=MAX_REQUEST)
        assert kind == channel.REQUEST  # noqa: S101 (our own words)
        limits, (language, args, kwargs) = pickle.loads(request)  # noqa: S301 (from the process that started this one)
        del request
        translation.activate(language) if language else translation.deactivate_all()
        _limit(limits, loading)
        confinement.confine()
        sandbox.answer(connection, function, args, kwargs, spent=spent)
        status = 0
    except BaseException as error:  # whatever it is, the parent tells it as one refusal
        with suppress(Exception):
            channel.send(connection, channel.SPENT, b"%f" % spent())
            channel.send(connection, channel.FAILED, type(error).__name__.encode())
    finally:
        os._exit(status)


def _limit(limits: Any, loading: float) -> None:
    """Set the limits that this process can’t get beyond any more: it is ended, or its allocations fail.

    The kernel counts the limit of CPU in whole seconds, so a timer ends whatever has not been taken over before. The seconds in which
    its parser was loaded for it are among them: whoever comes first waits for that, too.
    """
    import resource

    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.wall)
    left = max(limits.seconds - loading, min(limits.seconds, AFTER_LOADING))
    signal.setitimer(signal.ITIMER_PROF, left)
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(left), ceil(left) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    with suppress(OSError):  # elsewhere than on Linux, the seconds alone bound the memory
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go when the machine has none left
        most = pages * resource.getpagesize() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
