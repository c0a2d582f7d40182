"""Fail before the tests, and say what to install, when there is no browser to test the pages with.

As root on Debian it installs Chromium itself. CHROMIUM names another browser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium: $CHROMIUM, one on PATH, or macOS's Chrome."""
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    for candidate in (os.environ.get("CHROMIUM"), *CANDIDATES, mac):
        if candidate and (path := shutil.which(candidate)):
            return path
    return None


def install() -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    if find_chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Installing Chromium for the browser tests\n")
        install()
    if find_chromium() is None:
        sys.exit(
            "The browser tests need Chromium: `apt-get install chromium`, or set CHROMIUM to a browser's path"
        )


if __name__ == "__main__":
    main()
