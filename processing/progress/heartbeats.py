"""What is asked at each heartbeat, for many streams together: one by one it would cost more than all else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from accounts.permissions import has_permission
from accounts.readmission import readmitted
from processing.models import FINISHED, Job
from processing.progress.follower import Follower
from snapotter.common.database import release_connection

GATHERED: Final = 1 / 40
"""The part of the time between two heartbeats in which those are gathered that are asked about together."""
readers: Final = ThreadPoolExecutor(4, thread_name_prefix="progress")


@dataclass(frozen=True)
class Beat:
    """`is_let_in`: the credential still opens what it opened. `must_read`: news was lost on its way."""

    is_let_in: bool
    must_read: bool


class Heartbeats:
    """Of the streams of one event loop."""

    def __init__(self) -> None:
        self._asking: set[Follower] = set()
        self._asked: asyncio.Task[dict[Follower, Beat]] | None = None

    async def beat(self, follower: Follower) -> Beat:
        """Raises what the database raises when it is away."""
        self._asking.add(follower)
        if self._asked is None:
            self._asked = asyncio.create_task(self._ask())
        beats = await asyncio.shield(self._asked)  # a stream that ends must not end it for the others
        return beats[follower]

    async def _ask(self) -> dict[Follower, Beat]:
        await asyncio.sleep(float(settings.PROGRESS_HEARTBEAT_S) * GATHERED)
        asking, self._asking, self._asked = self._asking, set(), None
        return await asyncio.get_running_loop().run_in_executor(readers, _beats_of, asking)


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Heartbeats] = WeakKeyDictionary()


def heartbeats() -> Heartbeats:
    """Of the running loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Heartbeats())


def _beats_of(followers: Collection[Follower]) -> dict[Follower, Beat]:
    """Four queries at most. Users are brought up to date."""
    try:
        users = readmitted({follower.credential: follower.user for follower in followers})
        for follower in followers:
            follower.user = users.get(follower.credential, follower.user)
        to_read = _ended(followers) | _appeared(followers)
    finally:
        release_connection()
    return {
        follower: Beat(
            is_let_in=follower.credential in users and has_permission(follower.user, "tools:use"),
            must_read=follower in to_read,
        )
        for follower in followers
    }


def _ended(followers: Collection[Follower]) -> set[Follower]:
    """Whose job has ended, is gone, or is no longer theirs to see."""
    jobs = {follower: follower.job_id for follower in followers if follower.job_id is not None}
    unfinished = Job.objects.filter(pk__in=set(jobs.values())).exclude(status__in=FINISHED)
    owners = dict(unfinished.values_list("pk", "user_id")) if jobs else {}
    return {
        each for each, job_id in jobs.items() if job_id not in owners or not _may_see(each, owners[job_id])
    }


def _may_see(follower: Follower, owner: UUID | None) -> bool:
    return follower.user.pk == owner or has_permission(follower.user, "files:all")


def _appeared(followers: Collection[Follower]) -> set[Follower]:
    """Whose job was not there before.

    That no name is empty PostgreSQL must be told: of more than a hundred it does not find out, and then the
    index is not for it.
    """
    awaited = {each: (each.user.pk, each.name) for each in followers if each.job_id is None}
    if not awaited:
        return set()
    users, names = zip(*awaited.values(), strict=True)
    there = Job.objects.filter(user__in=set(users), client_job_id__in=set(names)).exclude(client_job_id="")
    found = set(there.values_list("user_id", "client_job_id"))
    return {follower for follower, name in awaited.items() if name in found}
