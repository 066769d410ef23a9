"""What a child that reads a file is not let do by the kernel: find a file of ours, change one, call anybody, touch another process.

Whoever takes a parser over has a process of the server's user. So before it reads anything it gives up, for good, all files but the code
and data that parsers come with (Landlock, landlock(7)), and the system calls that no parser needs (seccomp(2)): new sockets, new programs,
signals, modes and owners of files, the memory of others. What it keeps is the one connection on which it answers.

Both are of Linux: Landlock since 5.13 (for signals 6.12), the filter on x86_64 and arm64. `missing` says what this host doesn't have.
"""

import ctypes
import mimetypes
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_NO_NEW_PRIVS, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 21, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3  # linux/landlock.h
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights over files a version knows; from the fifth on 16
_NETWORK, _SCOPES = 0b11, 0b11  # bind and connect by TCP; abstract sockets and signals of others
_OF_THE_SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/share",
    "/lib",
    "/lib64",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/etc/ld.so.cache",
)

# What is refused, by architecture (its number in linux/audit.h): asm/unistd.h.
_CALLS = {
    "x86_64": (
        0xC000003E,
        "connect 42 socket 41 bind 49 listen 50 sendmmsg 307 io_uring_setup 425 execve 59 execveat 322 ptrace 101"
        " process_vm_readv 310 process_vm_writev 311 pidfd_getfd 438 kill 62 tkill 200 tgkill 234 rt_sigqueueinfo 129"
        " rt_tgsigqueueinfo 297 pidfd_send_signal 424 chmod 90 fchmod 91 fchmodat 268 fchmodat2 452 chown 92 fchown 93 lchown 94"
        " fchownat 260 utime 132 utimes 235 utimensat 280 futimesat 261 setxattr 188 lsetxattr 189 fsetxattr 190 removexattr 197"
        " lremovexattr 198 fremovexattr 199 bpf 321 userfaultfd 323 perf_event_open 298 keyctl 250 add_key 248 request_key 249"
        " mount 165 unshare 272 setns 308 open_by_handle_at 304 setpriority 141",
    ),
    "aarch64": (
        0xC00000B7,
        "connect 203 socket 198 bind 200 listen 201 sendmmsg 269 io_uring_setup 425 execve 221 execveat 281 ptrace 117"
        " process_vm_readv 270 process_vm_writev 271 pidfd_getfd 438 kill 129 tkill 130 tgkill 131 rt_sigqueueinfo 138"
        " rt_tgsigqueueinfo 240 pidfd_send_signal 424 fchmod 52 fchmodat 53 fchmodat2 452 fchown 55 fchownat 54 utimensat 88"
        " setxattr 5 lsetxattr 6 fsetxattr 7 removexattr 14 lremovexattr 15 fremovexattr 16 bpf 280 userfaultfd 282"
        " perf_event_open 241 keyctl 219 add_key 217 request_key 218 mount 40 unshare 97 setns 268 open_by_handle_at 265"
        " setpriority 140",
    ),
}
_X32 = 0x40000000  # calls of another ABI on the same processor
_LOAD, _IS, _FROM, _ANSWER = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # SECCOMP_RET_ERRNO with EPERM

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def missing() -> list[str]:
    """Which of the walls this host can't put up, in words for a log."""
    absent = [] if _version() else ["Landlock (Linux 5.13, in the kernel’s list of security modules)"]
    return absent + ([] if _can_filter() else ["the filter of system calls (Linux on x86_64 or arm64)"])


def confine() -> None:
    """Give all of it up, for this thread and for good. Raises `OSError` when the kernel that could doesn't."""
    if _libc is None:
        return
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _trouble("no_new_privs")
    if version := _version():
        _leave_files(version)
    if _can_filter():
        _leave_calls(*_CALLS[platform.machine()])


# --- Files ------------------------------------------------------------------------------------------------


def _version() -> int:
    """Of Landlock in this kernel; 0 where there is none."""
    return max(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION), 0) if _libc else 0


def _leave_files(version: int) -> None:
    handled = struct.pack("=Q", (1 << _RIGHTS.get(version, 16)) - 1)
    handled += struct.pack("=Q", _NETWORK) if version >= 4 else b""
    handled += struct.pack("=Q", _SCOPES) if version >= 6 else b""
    rules = _call(_CREATE_RULESET, handled, len(handled), 0)
    try:
        for place in _readable():
            _let_read(rules, place)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _let_read(rules: int, place: Path) -> None:
    with suppress(FileNotFoundError, PermissionError):
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        try:
            rights = _READ_FILE | (_READ_DIR if place.is_dir() else 0)
            _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
        finally:
            os.close(opened)


def _readable() -> Iterator[Path]:
    """The code of Python, of packages and of Milepost, and what the system's libraries read. The working folder is not among them."""
    import milepost

    yield Path(milepost.__file__).parent
    yield from {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    yield Path(sys.base_prefix) / "lib"
    yield from map(Path, (*_OF_THE_SYSTEM, *mimetypes.knownfiles))


def _call(number: int, *arguments: object) -> int:
    assert _libc is not None  # noqa: S101 (whoever calls has looked)
    result = _libc.syscall(number, *arguments)
    if result < 0:
        raise _trouble("Landlock")
    return int(result)


# --- System calls -----------------------------------------------------------------------------------------


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _can_filter() -> bool:
    return bool(_libc and platform.machine() in _CALLS and _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


def _leave_calls(architecture: int, refused: str) -> None:
    """A filter that answers EPERM to these calls and ends whoever comes by another ABI; it holds whatever is run later."""
    assert _libc is not None  # noqa: S101 (whoever calls has looked)
    numbers = [int(word) for word in refused.split()[1::2]]
    steps = [
        (_LOAD, 0, 0, 4),  # of `struct seccomp_data`: the architecture
        (_IS, 1, 0, architecture),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_FROM, len(numbers) + 2, 0, _X32),
        *((_IS, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _REFUSE),
        (_ANSWER, 0, 0, _KILL),
    ]
    content = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = _Program(len(steps), content)
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise _trouble("seccomp")


def _trouble(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
