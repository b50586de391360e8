"""Who is who among processes: what names one for good, and whether it still lives.

A process number alone is used again after a while. Host, number, boot and start together are not, and none of
them depends on the clock: the start is counted from the boot.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """What names a process.

    Attributes:
        host: The machine's name.
        pid: The process number.
        boot: Identifies the machine's running since it was started; empty where the system tells none.
        start: When the process began, in the system's own words; empty where the system tells none.
    """

    host: str
    pid: int
    boot: str
    start: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process() -> Process:
    """The process that calls."""
    return _named(os.getpid())


def is_alive(process: Process) -> bool | None:
    """Whether a process lives; None where that can't be told from this machine.

    A process that was killed and whose parent has not noticed yet (a zombie) is dead. One of this machine's
    earlier boots is dead. One of another machine can't be asked for.
    """
    here = this_process()
    if not process.boot or not process.start:
        return None
    if process.boot == here.boot:
        return _start_of(process.pid) == process.start
    return False if process.host == here.host else None


@functools.lru_cache(maxsize=8)
def _named(pid: int) -> Process:
    return Process(platform.node() or "unknown", pid, _boot(), _start_of(pid))


@functools.cache
def namespace() -> str:
    """Eight characters for the host and its set of process numbers, in which containers differ."""
    try:
        numbers = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - a plain system path
    except OSError:
        numbers = 0
    return _short_digest(f"{platform.node()}/{numbers}")


def life(pid: int) -> str:
    """Eight characters for one life of a process number of this machine."""
    start = this_process().start if pid == os.getpid() else _start_of(pid)
    return _short_digest(f"{_boot()}/{start}")


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]


@functools.cache
def _boot() -> str:
    if sys.platform == "darwin":
        return _answer("sysctl", "-n", "kern.bootsessionuuid")
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """When a process began; empty when it is gone or a zombie."""
    if sys.platform == "darwin":
        state, _, began = _answer("ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
        return "" if state.startswith("Z") else began.strip()
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return "" if fields[0] in "ZX" else fields[19]


def _answer(*command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    call = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - fixed system commands only
    return call.stdout.strip()
