"""A picture made small in a child process, without a job: whatever is in the file stays there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from processing.engine.errors import ChildCrashed, ChildTimeout, OutOfMemory
from processing.engine.request import InputFile, RunRequest
from processing.lane import fast_lane
from processing.limits import current_limits
from processing.tooling import Encoding, InvalidInput, ToolError
from snapotter.common.database import release_connection
from snapotter.common.errors import Unavailable

RUN_SECONDS: Final = 20
WAIT_SECONDS: Final = 60


def miniature(picture: InputFile, *, side: int, encoding: Encoding, directory: Path) -> Path:
    """Write the picture into `directory` so that it fits a square of `side` pixels; never enlarged.

    Raises InvalidInput for what cannot be read, Unavailable when there was no time to read it.
    """
    request = RunRequest(
        tool="image/resize",
        settings={"width": side, "height": side, "fit": "inside", "withoutEnlargement": True},
        inputs=(picture,),
        output_dir=directory,
        limits=replace(current_limits(), timeout_seconds=RUN_SECONDS),
        encoding=replace(encoding, bare=True),
    )
    release_connection()
    run = fast_lane().pool.submit(request)
    try:
        return run.wait(WAIT_SECONDS).outputs[0].path
    except (ToolError, ChildCrashed, ChildTimeout, OutOfMemory) as error:
        raise InvalidInput("This picture cannot be read", details=error.details or error.message) from None
    except TimeoutError:
        run.cancel()
        raise Unavailable("The server is busy with other pictures; try again later") from None
