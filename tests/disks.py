"""A disk of a test’s own, which it fills and locks: memory, mounted where only the test’s processes see it.

    with Disk(folder) as disk:
        subprocess.Popen([*disk.within, …])          # a process that sees the disk at `folder`
        with disk.full(): …                          # not one byte more fits on it
        with disk.locked(): …                        # it can be read alone; nobody may have a file of it open to write

It goes with its last process. Mounting asks for root, or for user namespaces: elsewhere the test is skipped.
"""

import errno
import os
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from programs import program

from milepost.core import blobs

SIZE = "1g"  # what is not used takes no memory


class Disk:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __enter__(self):
        become = [] if os.geteuid() == 0 else ["--map-root-user"]
        # It mounts, then does what it is told, a line each, and ends with us: its standard input ends then.
        script = (
            'mount -t tmpfs -o size=$1,mode=755 none "$2" && echo 0 && while read line; do $line 2>&1; echo $?; done'
        )
        command = [program("unshare"), *become, "--mount", "sh", "-c", script, "disk", SIZE, str(self.folder)]
        self.holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline().strip() != "0":
            pytest.skip("a disk can be mounted by root, or where users may have namespaces of their own")
        return self

    def __exit__(self, *_error):
        self.holder.stdin.close()
        self.holder.wait()

    @property
    def within(self):
        """What stands before a command so that it sees the disk."""
        become = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return [program("nsenter"), f"--target={self.holder.pid}", *become, "--mount", "--"]

    @property
    def seen(self):
        """The disk as this process sees it."""
        return Path(f"/proc/{self.holder.pid}/root{self.folder}")

    @property
    def free(self):
        return os.statvfs(self.seen).f_bavail

    @contextmanager
    def full(self):
        while self.free:  # others write meanwhile: then what was measured is too little
            there = os.statvfs(self.seen)
            self._remount(f"size={(there.f_blocks - there.f_bfree) * there.f_frsize}")
        try:
            yield
        finally:
            assert self._remount(f"size={SIZE}") == 0

    @contextmanager
    def locked(self):
        deadline = time.monotonic() + 20
        while self._remount("ro"):
            assert time.monotonic() < deadline, f"somebody keeps files of the disk open to write: {self._open()}"
            time.sleep(0.02)
        try:
            yield
        finally:
            assert self._remount("rw") == 0

    def _open(self):
        """The files of the disk that are open to write, by the processes that have them so."""
        found = set()
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                if str(target := link.readlink()).startswith(str(self.folder)):
                    flags = (link.parent.parent / "fdinfo" / link.name).read_text().partition("flags:")[2].split()[0]
                    if int(flags, 8) & os.O_ACCMODE:
                        found.add((link.parts[2], str(target)))
        return sorted(found)

    def _remount(self, options):
        self.holder.stdin.write(f"mount -o remount,{options} {self.folder}\n")
        self.holder.stdin.flush()
        lines = iter(self.holder.stdout.readline, "")
        return next(int(line) for line in lines if line.strip().isdigit())


@contextmanager
def room_for(files):
    """So many files still fit into the store of files, and none after them: a full disk, for what runs in the test's own process."""
    room = [files]

    def bounded(store):
        def stored(*arguments):
            if not room[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            room[0] -= 1
            return store(*arguments)

        return stored

    with pytest.MonkeyPatch.context() as patch:
        for name in ("store", "store_stream"):
            patch.setattr(blobs, name, bounded(getattr(blobs, name)))
        yield
