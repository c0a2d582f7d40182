"""What the tests of the pool run in its children: `execute` calls the function that the request names."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image

from processing.engine import progress_file
from processing.engine.request import RunRequest, RunResult
from processing.tooling import ToolError

NAME = f"{__name__}:execute"


def execute(request: RunRequest) -> RunResult:
    data = globals()[request.tool](**request.settings)
    return RunResult((), {"value": data, "pid": os.getpid()})


def make_request(tool: str, **settings: Any) -> RunRequest:
    return RunRequest(tool, settings, (), Path())


def echo(value: Any = None) -> Any:
    return value


def sleep(seconds: float, mark: str | None = None) -> float:
    _mark(mark)
    time.sleep(seconds)
    return seconds


def native(mark: str | None = None) -> None:
    """Half a minute in C: no signal handler of Python's would get its turn."""
    _mark(mark)
    hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 5 * 10**7)


def _mark(mark: str | None) -> None:
    if mark:
        Path(mark).write_text(str(os.getpid()))


def report(path: str) -> None:
    progress_file.writer(Path(path))(0.25, "half of a half")


def refuse() -> None:
    raise ToolError("TOO_ODD", "This picture is too odd.", path="size.width")


def fail() -> None:
    raise ZeroDivisionError("secret words")


def not_picklable() -> Any:
    return threading.Lock()


def end(code: int) -> None:
    os._exit(code)


def leave(code: int) -> None:
    sys.exit(code)


def die(signal_name: str) -> None:
    os.kill(os.getpid(), signal.Signals[signal_name])


def crash() -> None:
    ctypes.string_at(0)


def allocate(megabytes: int) -> int:
    return len(bytes(megabytes * 2**20))


def allocate_picture(width: int, height: int) -> tuple[int, int]:
    return Image.new("RGBA", (width, height)).size


def no_memory_for_a_file() -> None:
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def no_room_for_a_file() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def start_program(mark: str) -> None:
    """A program that outlives nobody but who waits for it."""
    program = subprocess.Popen(["/bin/sleep", "60"])
    Path(mark).write_text(str(program.pid))
    program.wait()


def leave_program() -> int:
    return subprocess.Popen(["/bin/sleep", "60"]).pid


def open_descriptors() -> list[str]:
    return [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]


def surroundings() -> dict[str, Any]:
    umask = os.umask(0)
    os.umask(umask)
    return {
        "umask": umask,
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "nice": os.nice(0),
        "path": sys.path,
        "directory": str(Path.cwd()),
        "django": "django" in sys.modules,
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "parent": os.getppid(),
    }
