"""Two changes of saved pipelines at once, each committed on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts import user_services
from accounts.models import User
from accounts.tests.races import together
from audit.models import AuditEntry
from conftest import create_user
from processing.models import Pipeline
from processing.pipelines.definition import PipelineStep
from processing.pipelines.selectors import PipelineNotFound
from processing.pipelines.services import PipelineChanged, pipeline_create, pipeline_delete, pipeline_update
from snapotter.common.errors import AuthenticationRequired

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = [PipelineStep(tool_id="rotate")]
TIMES = range(5)


def saved(owner: User | None) -> Pipeline:
    return Pipeline.objects.create(name="Turn", steps=[STEPS[0].wire()], user=owner)


def delete(caller: User, pipeline: Pipeline) -> Callable[[], Any]:
    return lambda: pipeline_delete(caller=caller, pipeline_id=pipeline.pk)


def rename(caller: User, pipeline: Pipeline, name: str) -> Callable[[], Any]:
    return lambda: pipeline_update(caller=caller, pipeline_id=pipeline.pk, name=name).name


def audited(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


@pytest.mark.parametrize("_", TIMES)
def test_a_pipeline_is_deleted_once(boss: User, _: int) -> None:
    pipeline = saved(None)
    outcomes = together(delete(boss, pipeline), delete(create_user("dora"), pipeline))
    assert set(outcomes) == {"done", PipelineNotFound}
    assert audited("PIPELINE_DELETED") == 1


@pytest.mark.parametrize("_", TIMES)
def test_a_change_comes_before_a_deletion_or_finds_nothing(boss: User, _: int) -> None:
    pipeline = saved(None)
    outcomes = together(delete(boss, pipeline), rename(create_user("dora"), pipeline, "Spin"))
    assert outcomes[0] == "done"
    assert outcomes[1] in ("Spin", PipelineNotFound)
    assert audited("PIPELINE_UPDATED") == (outcomes[1] == "Spin")
    assert not Pipeline.objects.exists()


@pytest.mark.parametrize("_", TIMES)
def test_of_two_who_saw_the_same_only_one_replaces_it(boss: User, _: int) -> None:
    pipeline = Pipeline.objects.get(pk=saved(None).pk)

    def replace(caller: User, name: str) -> Callable[[], Any]:
        key, seen = pipeline.pk, pipeline.updated_at
        return lambda: pipeline_update(caller=caller, pipeline_id=key, seen=seen, name=name).name

    outcomes = together(replace(boss, "Mine"), replace(create_user("dora"), "Hers"))
    assert PipelineChanged in outcomes
    assert Pipeline.objects.get().name in outcomes
    assert audited("PIPELINE_UPDATED") == 1


@pytest.mark.parametrize("_", TIMES)
def test_who_is_deleted_while_saving_leaves_no_pipeline(boss: User, _: int) -> None:
    dora = create_user("dora")
    outcomes = together(
        lambda: user_services.user_delete(caller=boss, user_id=dora.pk),
        lambda: pipeline_create(caller=dora, name="Turn", steps=STEPS).name,
    )
    assert outcomes[0] == "done"
    assert outcomes[1] in ("Turn", AuthenticationRequired)
    assert not Pipeline.objects.exists()


@pytest.mark.parametrize("_", TIMES)
def test_who_is_deleted_while_deleting_is_no_deadlock(boss: User, _: int) -> None:
    dora = create_user("dora")
    pipeline = saved(dora)
    outcomes = together(
        lambda: user_services.user_delete(caller=boss, user_id=dora.pk), delete(dora, pipeline)
    )
    assert outcomes[0] == "done"
    assert outcomes[1] in ("done", PipelineNotFound)
    assert not Pipeline.objects.exists()
