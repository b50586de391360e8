"""One writer at a time; a dead owner never stands in the way, a living one is named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import LockedError
from understudy.runtime.locks import Lock, owner_of
from understudy.runtime.processes import is_alive, this_process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these need fork and signals")


def start(code: str, path: Path) -> subprocess.Popen[str]:
    """Starts a process that runs some lines of Python, with the path as its argument."""
    program = "import os, sys, time\nfrom understudy.runtime.locks import Lock\n" + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def line(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    """Kills a process and its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


HOLD = "with Lock(sys.argv[1]): print('held', flush=True); time.sleep(60)"


def test_lock_and_release(tmp_path: Path) -> None:
    """A lock is held inside the block only, and its file is empty afterwards."""
    path = tmp_path / ".lock"
    with Lock(path):
        assert owner_of(path) == this_process()
    assert owner_of(path) is None
    assert path.read_bytes() == b""
    with Lock(path):
        pass


def test_own_process(tmp_path: Path) -> None:
    """The same process can't take a lock twice, and asking doesn't drop it."""
    path = tmp_path / ".lock"
    with Lock(path):
        with pytest.raises(LockedError, match=f"process {os.getpid()} "):
            Lock(path).acquire()
        owner_of(path)
        other = start("try: Lock(sys.argv[1]).acquire()\nexcept Exception as e: print(e)", path)
        assert f"process {os.getpid()} " in line(other)
        end(other)


def test_living_owner_is_named(tmp_path: Path) -> None:
    """A lock that another living process holds is refused, and the message names it."""
    owner = start(HOLD, tmp_path / ".lock")
    assert line(owner) == "held"
    with pytest.raises(LockedError, match=f"process {owner.pid} on .* running"):
        Lock(tmp_path / ".lock").acquire()
    found = owner_of(tmp_path / ".lock")
    assert found is not None
    assert found.pid == owner.pid
    end(owner)
    assert owner_of(tmp_path / ".lock") is None


def test_killed_owner(tmp_path: Path) -> None:
    """A killed owner's lock is taken over unasked, even before its parent noticed."""
    owner = start(HOLD, tmp_path / ".lock")
    assert line(owner) == "held"
    os.kill(owner.pid, signal.SIGKILL)
    os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)
    assert str(owner.pid) in (tmp_path / ".lock").read_text()
    with Lock(tmp_path / ".lock"):
        pass
    end(owner)


def test_killed_owner_with_living_worker(tmp_path: Path) -> None:
    """A forked worker that lives on does not hold the lock of its killed parent."""
    code = """
    lock = Lock(sys.argv[1]); lock.acquire()
    worker = os.fork()
    if worker:
        print(worker, flush=True)
    time.sleep(60)
    """
    owner = start(code, tmp_path / ".lock")
    worker = int(line(owner))
    with pytest.raises(LockedError):
        Lock(tmp_path / ".lock").acquire()
    os.kill(owner.pid, signal.SIGKILL)
    os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)
    with Lock(tmp_path / ".lock"):
        os.kill(worker, 0)  # it lives
    end(owner)


def test_forked_child_does_not_release(tmp_path: Path) -> None:
    """A forked child that leaves the block leaves the lock to its parent."""
    path = tmp_path / ".lock"
    with Lock(path) as lock:
        child = os.fork()
        if child == 0:
            lock.release()
            os._exit(0)
        os.waitpid(child, 0)
        other = start("try: Lock(sys.argv[1]).acquire()\nexcept Exception as e: print(e)", path)
        assert f"process {os.getpid()} " in line(other)
        end(other)


def test_other_host(tmp_path: Path) -> None:
    """A lock that a process of another machine left is not taken, and the message says what to do."""
    owner = replace(this_process(), host="farm07", boot="another")
    (tmp_path / ".lock").write_text(json.dumps(asdict(owner)))
    with pytest.raises(LockedError, match=r"farm07.*delete"):
        Lock(tmp_path / ".lock").acquire()
    assert owner_of(tmp_path / ".lock") == owner


def test_earlier_boot(tmp_path: Path) -> None:
    """A lock that this machine left before it was started anew is taken over."""
    owner = replace(this_process(), boot="another")
    (tmp_path / ".lock").write_text(json.dumps(asdict(owner)))
    assert owner_of(tmp_path / ".lock") is None
    with Lock(tmp_path / ".lock"):
        pass


def test_system_without_boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system tells no boot and no start, the kernel's word alone counts on the own machine."""
    from understudy.runtime import locks

    here = replace(this_process(), boot="", start="")
    monkeypatch.setattr(locks, "this_process", lambda: here)
    (tmp_path / ".lock").write_text(json.dumps(asdict(replace(here, pid=here.pid + 1))))
    with Lock(tmp_path / ".lock"):
        pass
    (tmp_path / ".lock").write_text(json.dumps(asdict(replace(here, host="farm07"))))
    with pytest.raises(LockedError, match="farm07"):
        Lock(tmp_path / ".lock").acquire()


def test_used_again_number(tmp_path: Path) -> None:
    """A living process with a dead owner's number is another process."""
    owner = replace(this_process(), start="1")
    assert is_alive(owner) is False
    (tmp_path / ".lock").write_text(json.dumps(asdict(owner)))
    with Lock(tmp_path / ".lock"):
        pass


def test_disk_without_locks(tmp_path: Path) -> None:
    """Where the kernel's lock does nothing, the living owner's name still guards."""
    owner = start("print('there', flush=True); time.sleep(60)", tmp_path)
    assert line(owner) == "there"
    from understudy.runtime import processes

    named = replace(this_process(), pid=owner.pid, start=processes._start_of(owner.pid))
    (tmp_path / ".lock").write_text(json.dumps(asdict(named)))
    with pytest.raises(LockedError, match=f"process {owner.pid} "):
        Lock(tmp_path / ".lock").acquire()
    end(owner)


@pytest.mark.parametrize("record", [b"", b"{", b"[1]", b'{"host": 1}', b"\0" * 4096, b"[" * 4096])
def test_torn_record(tmp_path: Path, record: bytes) -> None:
    """A lock's file that a crash tore stands in nobody's way."""
    (tmp_path / ".lock").write_bytes(record)
    assert owner_of(tmp_path / ".lock") is None
    with Lock(tmp_path / ".lock"):
        pass


def test_two_starters(tmp_path: Path) -> None:
    """Of two that start at once exactly one gets the lock, each time."""
    code = """
    for i in range(100):
        path = f"{sys.argv[1]}/{i}"
        sys.stdin.readline()
        lock = Lock(path)
        try:
            lock.acquire()
            print("won", flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)
    """
    program = "import os, sys, time\nfrom understudy.runtime.locks import Lock\n" + textwrap.dedent(code)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for _ in range(100):
        for process in both:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert sorted(line(process) for process in both) == ["LockedError", "won"]
    for process in both:
        process.communicate()


def test_waits(tmp_path: Path) -> None:
    """A lock that may wait takes over when its owner lets go."""
    owner = start("with Lock(sys.argv[1]): print('held', flush=True); time.sleep(0.2)", tmp_path / ".lock")
    assert line(owner) == "held"
    with Lock(tmp_path / ".lock", wait=60):
        pass
    end(owner) if owner.poll() is None else owner.communicate()
