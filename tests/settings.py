"""The settings of the tests: the project's own, in a data directory that lives as long as the test run."""

import atexit
import os
import shutil
import tempfile

# Before the settings are read, and before the embedded server registers that it stops at exit: exit handlers
# run last to first, so the directory goes when the server is down.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="snapotter-tests-")
os.environ["RATE_LIMIT_PER_MIN"] = "0"  # the tests come from one address, faster than any client may
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from snapotter.settings import *  # noqa: E402, F403
