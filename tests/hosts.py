"""Hosts that a test makes: namespaces of the kernel, each with a network, a name and processes of its own, joined by a switch.

    with network() as hub:                       # what all hosts reach lies at `hub.address`
        one, two = hub.host("one"), hub.host("two")
        one.start([...])                         # a process on that host, with all that it starts
        with inside(hub.namespace): ...          # this thread's sockets are on the switch

Nothing of it is seen on the network of the machine itself. It takes root, and programs of iproute2 and util-linux.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from programs import MissingProgram, program, run

from milepost.core.ending import end_with

AS_A_HOST = 'hostname "$0" && mount -t tmpfs none /dev/shm && exec "$@"'


class NoNamespaces(RuntimeError):
    """This machine lets nobody make them; the message says why."""


@contextmanager
def network():
    """A switch of its own, which goes with the block, as all hosts on it do."""
    try:
        program("ip"), program("unshare")
        namespace = _new_namespace()
    except MissingProgram as error:
        raise NoNamespaces(str(error)) from error
    except OSError as error:
        raise NoNamespaces(f"network namespaces can't be made here: {error}") from error
    switch = Switch(namespace)
    try:
        try:
            switch.set_up()
        except subprocess.CalledProcessError as error:
            raise NoNamespaces(f"a switch can't be made here: {error.stderr.strip()}") from error
        yield switch
    finally:
        switch.take_down()


@contextmanager
def inside(namespace):
    """Sockets and processes of this thread belong to the namespace in this block."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    os.setns(namespace, os.CLONE_NEWNET)
    try:
        yield
    finally:
        os.setns(home, os.CLONE_NEWNET)
        os.close(home)


def _new_namespace():
    """A descriptor of a new network namespace; a thread makes it that ends with this."""

    def make():
        os.unshare(os.CLONE_NEWNET)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


@dataclass
class Switch:
    namespace: int
    address: str = "10.77.0.1"
    hosts: list = field(default_factory=list)

    def set_up(self):
        self.ip("link add name switch type bridge")
        self.ip(f"addr add {self.address}/24 dev switch")
        self.ip("link set switch up")
        self.ip("link set lo up")

    def host(self, name):
        """One more host on the switch."""
        host = Host(name, _new_namespace(), f"10.77.0.{11 + len(self.hosts)}", self)
        self.hosts.append(host)
        self.ip(f"link add {name} type veth peer name eth0 netns /proc/self/fd/{host.namespace}", host.namespace)
        self.ip(f"link set {name} master switch up")
        host.ip(f"addr add {host.address}/24 dev eth0")
        host.ip("link set eth0 up")
        host.ip("link set lo up")
        return host

    def ip(self, words, *passed):
        _ip(self.namespace, words, *passed)

    def take_down(self):
        for host in self.hosts:
            host.end()
            os.close(host.namespace)
        os.close(self.namespace)


@dataclass
class Host:
    name: str
    namespace: int
    address: str
    switch: Switch
    processes: list = field(default_factory=list)

    def start(self, command, **options):
        """A process whose end, by whatever signal, ends all that it started: the kernel sees to it. It ends with the test, too."""
        apart = ["--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        whole = [program("unshare"), *apart, "sh", "-c", AS_A_HOST, self.name, *command]
        with inside(self.namespace):
            process = subprocess.Popen(whole, preexec_fn=partial(end_with, os.getpid()), **options)
        self.processes.append(process)

    def end(self):
        """As if somebody had pulled the plug."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()

    @contextmanager
    def cut_off(self):
        """Its cable is out in this block."""
        self.switch.ip(f"link set {self.name} down")
        try:
            yield
        finally:
            self.switch.ip(f"link set {self.name} up")

    def ip(self, words):
        _ip(self.namespace, words)


def _ip(namespace, words, *passed):
    with inside(namespace):
        run(f"ip {words}", check=True, capture_output=True, text=True, pass_fds=passed)
