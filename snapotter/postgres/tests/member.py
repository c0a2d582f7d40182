"""A process that uses the embedded server: ``python -m snapotter.postgres.tests.member DATA_DIR [pool]``.

It reads commands from standard input, one on a line, and answers each with one line.
"""

import os
import signal
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection


def configure(home: str, pool: bool) -> None:
    options = {"pool": {"min_size": 1, "max_size": 2, "timeout": 10}} if pool else {}
    database = {
        "ENGINE": "snapotter.postgres",
        "NAME": "snapotter",
        "DATA_DIR": Path(home),
        "OPTIONS": options,
    }
    settings.configure(DATABASES={"default": {**database, "CONN_HEALTH_CHECKS": True}}, USE_TZ=True)
    django.setup()


def use() -> str:
    """Open a connection, ask something, and close it, as a request does."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            return str(cursor.fetchone()[0])
    except DatabaseError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def show(setting: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return f"{setting}={cursor.fetchone()[0]}"


def create_test_database() -> str:
    """What pytest-django does around a session."""
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    answer = use()
    connection.creation.destroy_test_db("snapotter", verbosity=0)
    return f"{name} {answer}"


def shell() -> str:
    call_command("dbshell", "--", "--tuples-only", "--no-align", "--command=SELECT 'shell ' || current_user")
    return ""


def fork_and_exit() -> str:
    """Fork a child that ends as a script does, exit handlers included."""
    child = os.fork()
    if child == 0:
        sys.exit()
    os.waitpid(child, 0)
    return "the child is gone"


def fork_and_linger() -> str:
    child = os.fork()
    if child == 0:
        signal.pause()
    return str(child)


def fork_and_serve() -> str:
    """Continue in a child: the parent answers nothing until that has left."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return "the child has left"
    return str(os.getpid())


def fork_as(user: str, home: str) -> str:
    """Continue in a child of another user, with a server of its own.

    A fork and not a new program: that user may not be allowed to run our interpreter.
    """
    answer = fork_and_serve()
    if answer == str(os.getpid()):
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
        connection.settings_dict["DATA_DIR"] = Path(home)
    return answer


def main() -> None:
    configure(sys.argv[1], pool="pool" in sys.argv)
    commands = {
        function.__name__: function
        for function in (
            use,
            show,
            create_test_database,
            shell,
            fork_and_exit,
            fork_and_linger,
            fork_and_serve,
            fork_as,
        )
    }
    for line in sys.stdin:
        name, *arguments = line.split()
        if answer := commands[name](*arguments):
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
