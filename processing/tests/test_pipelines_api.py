"""`/api/v1/pipeline/…` but execute: saving, reading, changing, deleting and checking."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, Role, User
from audit.models import AuditEntry
from conftest import Api, create_user
from processing.models import Pipeline
from processing.tests.pipelines import add_tools, file_tool
from processing.tooling import Result
from snapotter.runtime import store

URL = "/api/v1/pipeline"
STEPS = [{"toolId": "resize", "settings": {"width": 100}}, {"toolId": "rotate"}]


def save(client: Api, **body: Any) -> Any:
    return client.post(f"{URL}/save", {"name": "Small", "steps": STEPS} | body, format="json")


def saved(user: User | None, name: str = "Small") -> Pipeline:
    return Pipeline.objects.create(name=name, steps=STEPS, user=user)


def validate(client: Api, steps: Any, **body: Any) -> Any:
    return client.post(f"{URL}/validate", {"steps": steps, **body}, format="json")


def listed(client: Api) -> list[str]:
    return [pipeline["name"] for pipeline in client.get(f"{URL}/list").json()["pipelines"]]


def answer_of(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def test_it_saves_what_was_sent(api: Api, alice: User) -> None:
    answer = save(api.as_user(alice), description="For the web")
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"id", "name", "description", "steps", "createdAt"}
    assert (body["name"], body["description"]) == ("Small", "For the web")
    assert body["steps"] == [STEPS[0], {"toolId": "rotate", "settings": {}}]
    assert body["createdAt"].endswith("Z")
    assert api.as_user(alice).get(f"{URL}/{body['id']}").json() == body
    assert api.as_user(alice).get(f"{URL}/list").json() == {"pipelines": [body]}


def test_a_description_may_be_left_out_and_names_may_be_equal(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    assert save(client).json()["description"] is None
    assert save(client).status_code == 201
    assert listed(client) == ["Small", "Small"]


def test_a_description_may_have_lines_and_a_name_any_script(api: Api, alice: User) -> None:
    texts = {"name": "שלום \U0001f468\u200d\U0001f33e", "description": "For the web:\r\nsmall"}
    answer = save(api.as_user(alice), **texts).json()
    assert {name: answer[name] for name in texts} == texts


def test_settings_are_not_judged_when_it_is_saved(api: Api, alice: User) -> None:
    steps = [{"toolId": "resize", "settings": {"width": -5, "unheard": ["of"]}}]
    assert save(api.as_user(alice), steps=steps).json()["steps"] == steps


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "Small\u202egib"}, "name"),
        ({"name": " \u200b"}, "name"),
        ({"description": "For\u2066esrever"}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"steps": []}, "steps"),
        ({"steps": None}, "steps"),
        ({"steps": "resize"}, "steps"),
        ({"steps": [{"settings": {}}]}, "steps.0.toolId"),
        ({"steps": [{"toolId": ""}]}, "steps.0.toolId"),
        ({"steps": [{"toolId": "x" * 101}]}, "steps.0.toolId"),
        ({"steps": [{"toolId": 3}]}, "steps.0.toolId"),
        ({"steps": [{"toolId": "resize", "settings": None}]}, "steps.0.settings"),
        ({"steps": [{"toolId": "resize", "settings": []}]}, "steps.0.settings"),
        ({"steps": [{"toolId": "resize", "settings": {"a": ["\0"]}}]}, "steps.0.settings"),
        ({"steps": [{"toolId": "resize", "settings": {"\0": 1}}]}, "steps.0.settings"),
        ({"steps": [{"toolId": "resize"}] * 21}, "steps"),
        ({"steps": [0] * 50_000}, "steps"),
        ({"steps": [{"toolId": "resize", "settings": {"a": "x" * 300_000}}]}, "steps"),
    ],
)
def test_a_bad_body_is_answered_with_its_paths(
    api: Api, alice: User, body: dict[str, Any], path: str
) -> None:
    answer = save(api.as_user(alice), **body)
    assert answer_of(answer) == (400, "VALIDATION_ERROR")
    assert [problem["path"] for problem in answer.json()["details"]] == [path]
    assert not Pipeline.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "a", "steps": [{"toolId": "resize", "settings": {"a": "\\ud800"}}]}',
        b'{"name": "a", "steps": [{"toolId": "\\udfff"}]}',
        b'{"name": "a", "steps": [{"toolId": "resize", "settings": {"a": NaN}}]}',
        b'{"name": "a", "steps": [{"toolId": "resize", "settings": {"a": ' + b"[" * 50 + b"]" * 50 + b"}}]}",
        b'{"name": "a", "steps": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"[]",
        b"null",
        b"{",
    ],
)
def test_hostile_json_is_a_bad_request(api: Api, alice: User, content: bytes) -> None:
    answer = api.as_user(alice).post(f"{URL}/save", content, content_type="application/json")
    assert answer.status_code == 400
    assert not Pipeline.objects.exists()


def test_the_number_of_steps_is_a_setting_of_the_server(api: Api, alice: User, settings: Settings) -> None:
    settings.MAX_PIPELINE_STEPS = 1
    assert "at most 1 steps, not 2" in save(api.as_user(alice)).json()["error"]
    settings.MAX_PIPELINE_STEPS = 0
    assert save(api.as_user(alice), steps=STEPS * 20).status_code == 201


def test_a_tool_that_is_not_there_cannot_be_saved(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api.as_user(alice)
    answer = save(client, steps=[STEPS[0], {"toolId": "unheard-of"}])
    assert answer_of(answer) == (400, "TOOL_NOT_FOUND")
    assert answer.json()["error"] == "Step 2: the tool 'unheard-of' was not found"
    add_tools(monkeypatch, file_tool("tell", lambda *_: Result(), one_to_one=False))
    assert "not found" in save(client, steps=[{"toolId": "tell"}]).json()["error"]
    store.remember({"disabledTools": '["rotate"]'}, 60)
    assert answer_of(save(client)) == (400, "TOOL_NOT_FOUND")


def test_everybody_sees_their_own_and_those_of_nobody(api: Api, alice: User, bob: User, admin: User) -> None:
    for owner, name in ((alice, "hers"), (bob, "his"), (None, "nobody's")):
        saved(owner, name)
    assert listed(api.as_user(alice)) == ["nobody's", "hers"]
    assert listed(api.as_user(bob)) == ["nobody's", "his"]
    assert listed(api.as_user(create_user("eve", role="editor"))) == ["nobody's", "his", "hers"]
    assert listed(api.as_user(admin)) == ["nobody's", "his", "hers"]


def test_the_list_needs_two_queries_however_long_it_is(
    api: Api, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api.as_user(alice)
    client.get(f"{URL}/list")
    for _ in range(5):
        saved(alice)
    with django_assert_num_queries(2):  # the session, the pipelines
        assert len(listed(client)) == 5


def test_another_users_pipeline_is_absent_but_refused_when_it_is_to_be_deleted(
    api: Api, alice: User, bob: User
) -> None:
    theirs = saved(alice)
    client = api.as_user(bob)
    assert answer_of(client.get(f"{URL}/{theirs.pk}")) == (404, "NOT_FOUND")
    assert answer_of(client.put(f"{URL}/{theirs.pk}", {"name": "Mine"}, format="json")) == (404, "NOT_FOUND")
    assert answer_of(client.delete(f"{URL}/{theirs.pk}")) == (403, "FORBIDDEN")
    theirs.refresh_from_db()
    assert theirs.name == "Small"


@pytest.mark.parametrize("name", [str(uuid.uuid4()), "nothing", "x" * 400, "0"])
def test_what_is_not_there_is_not_found(api: Api, alice: User, name: str) -> None:
    client = api.as_user(alice)
    for answer in (
        client.get(f"{URL}/{name}"),
        client.put(f"{URL}/{name}", {"name": ""}, format="json"),
        client.delete(f"{URL}/{name}"),
    ):
        assert answer_of(answer) == (404, "NOT_FOUND")
        assert "not found" in answer.json()["error"]


def test_only_what_is_given_changes(api: Api, alice: User) -> None:
    pipeline = saved(alice)
    url = f"{URL}/{pipeline.pk}"
    client = api.as_user(alice)
    answer = client.put(url, {"description": "For the web"}, format="json").json()
    assert (answer["name"], answer["description"], answer["steps"][0]) == ("Small", "For the web", STEPS[0])
    answer = client.put(url, {"description": None, "steps": [{"toolId": "crop"}]}, format="json").json()
    assert (answer["description"], answer["steps"]) == (None, [{"toolId": "crop", "settings": {}}])
    assert client.get(url).json() == answer
    pipeline.refresh_from_db()
    assert pipeline.updated_at > pipeline.created_at


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": None}, "VALIDATION_ERROR"),
        ({"name": "a\tb"}, "VALIDATION_ERROR"),
        ({"description": "\u202e"}, "VALIDATION_ERROR"),
        ({"steps": None}, "VALIDATION_ERROR"),
        ({"steps": []}, "VALIDATION_ERROR"),
        ({"steps": [{"toolId": "unheard-of"}]}, "TOOL_NOT_FOUND"),
    ],
)
def test_a_bad_change_changes_nothing(api: Api, alice: User, body: dict[str, Any], code: str) -> None:
    pipeline = saved(alice)
    answer = api.as_user(alice).put(f"{URL}/{pipeline.pk}", {"description": "x", **body}, format="json")
    assert answer_of(answer) == (400, code)
    pipeline.refresh_from_db()
    assert (pipeline.name, pipeline.description, pipeline.steps) == ("Small", "", STEPS)


def test_it_is_deleted_once(api: Api, alice: User) -> None:
    client, url = api.as_user(alice), f"{URL}/{saved(alice).pk}"
    assert client.delete(url).json() == {"ok": True}
    assert client.delete(url).status_code == 404


def test_what_nobody_owns_anybody_may_change_and_delete(api: Api, bob: User) -> None:
    client, url = api.as_user(bob), f"{URL}/{saved(None).pk}"
    assert client.put(url, {"name": "Ours"}, format="json").json()["name"] == "Ours"
    assert client.delete(url).json() == {"ok": True}


def test_whoever_holds_pipelines_all_may_change_and_delete_every_one(api: Api, alice: User) -> None:
    client, url = api.as_user(create_user("eve", role="editor")), f"{URL}/{saved(alice).pk}"
    assert client.put(url, {"name": "Hers"}, format="json").status_code == 200
    assert Pipeline.objects.get().user == alice
    assert client.delete(url).json() == {"ok": True}


def test_changes_are_audited_and_what_changes_nothing_is_not(api: Api, alice: User) -> None:
    client = api.as_user(alice)
    pipeline_id = save(client).json()["id"]
    client.put(f"{URL}/{pipeline_id}", {"name": "Tiny", "description": "New"}, format="json")
    client.put(f"{URL}/{pipeline_id}", {"name": "Tiny"}, format="json")
    client.delete(f"{URL}/{pipeline_id}")
    entries = AuditEntry.objects.filter(action__startswith="PIPELINE_").order_by("seq")
    assert [entry.action for entry in entries] == ["PIPELINE_CREATED", "PIPELINE_UPDATED", "PIPELINE_DELETED"]
    assert {(entry.actor_username, entry.target_type, entry.target_id) for entry in entries} == {
        ("alice", "pipeline", pipeline_id)
    }
    created, updated, deleted = (entry.details or {} for entry in entries)
    assert created["steps"] == 2
    assert updated["changes"] == ["description", "name"]
    assert deleted["pipelineName"] == "Tiny"


def test_as_many_are_kept_for_a_user_as_a_list_can_hold(
    api: Api, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.pipelines.services.MOST_SAVED", 2)
    client = api.as_user(alice)
    saved(None)
    first = save(client).json()["id"]
    save(client)
    refused = save(client)
    assert (refused.status_code, refused.json()["code"]) == (409, "TOO_MANY_PIPELINES")
    assert Pipeline.objects.filter(user=alice).count() == 2
    assert save(api.as_user(bob)).status_code == 201
    assert api.as_user(alice).delete(f"{URL}/{first}").status_code == 200
    assert save(api.as_user(alice)).status_code == 201


def test_the_audit_names_the_owner_of_a_pipeline_that_another_deleted(
    api: Api, alice: User, admin: User
) -> None:
    api.as_user(admin).delete(f"{URL}/{saved(alice).pk}")
    entry = AuditEntry.objects.get(action="PIPELINE_DELETED")
    assert (entry.actor_username, (entry.details or {})["ownerId"]) == ("admin", str(alice.pk))


def test_the_tools_are_those_that_the_caller_can_use_as_a_step(
    api: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tools(monkeypatch, file_tool("tell", lambda *_: Result(), one_to_one=False))
    store.remember({"disabledTools": '["rotate"]'}, 60)
    tools = api.as_user(alice).get(f"{URL}/tools").json()
    assert tools == {"toolIds": ["compress", "convert", "crop", "resize"]}


def limited_user(*tools: str) -> User:
    Role.objects.create(
        name="limited",
        permissions=["tools:use", "pipelines:own"],
        tool_permissions={"mode": "tool", "allowed": list(tools)},
    )
    return create_user("limited", role="limited")


def test_validate_says_everything_that_is_wrong(api: Api, alice: User) -> None:
    steps = [
        {"toolId": "resize", "settings": {"width": "12", "fit": "sideways"}},
        {"toolId": "rotate"},
        {"toolId": "unheard-of"},
    ]
    answer = validate(api.as_user(alice), steps)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["valid"], body["warnings"]) == (False, [])
    assert [(problem["step"], problem["code"]) for problem in body["problems"]] == [
        (1, "INVALID_SETTINGS"),
        (3, "TOOL_NOT_FOUND"),
    ]
    assert {problem["path"] for problem in body["problems"][0]["details"]} == {"width", "fit"}


@pytest.mark.parametrize(("body", "path"), [({"name": ""}, "name"), ({"steps": []}, "steps")])
def test_what_is_empty_is_told_so(api: Api, alice: User, body: dict[str, Any], path: str) -> None:
    answer = save(api.as_user(alice), **body)
    assert answer.json()["details"] == [{"path": path, "message": "must not be empty"}]


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_a_number_that_cannot_be_kept_is_refused(api: Api, alice: User, number: str) -> None:
    body = f'{{"name": "Big", "steps": [{{"toolId": "resize", "settings": {{"a": [{number}]}}}}]}}'
    answer = api.as_user(alice).post(f"{URL}/save", body, content_type="application/json")
    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, "steps.0.settings")
    assert not Pipeline.objects.exists()


def test_validate_warns_of_what_would_happen_to_this_picture(api: Api, alice: User) -> None:
    steps = [{"toolId": "convert", "settings": {"format": "jpg"}}]
    client = api.as_user(alice)
    assert validate(client, steps).json() == {"valid": True, "problems": [], "warnings": []}
    gif = {"format": "gif", "width": 10, "height": 10, "frames": 3, "hasAlpha": True}
    body = validate(client, steps, input=gif).json()
    assert body["valid"] is True
    assert [(warning["step"], warning["code"]) for warning in body["warnings"]] == [
        (1, "animation_lost"),
        (1, "transparency_lost"),
    ]


def test_the_input_is_called_as_its_files_are_and_has_what_its_format_can_hold(api: Api, alice: User) -> None:
    scan = {"format": "JPG", "width": 10, "height": 10, "frames": 3, "hasAlpha": True}
    body = validate(api.as_user(alice), STEPS, input=scan).json()
    assert (body["valid"], body["warnings"]) == (True, [])


@pytest.mark.parametrize(
    "given",
    [
        {"format": "doc", "width": 1, "height": 1},
        {"format": "gif", "width": 0, "height": 1},
        {"format": "gif", "width": 10**9, "height": 1},
        {"format": "gif"},
        "gif",
    ],
)
def test_a_bad_input_is_refused(api: Api, alice: User, given: Any) -> None:
    assert answer_of(validate(api.as_user(alice), STEPS, input=given)) == (400, "VALIDATION_ERROR")


def test_validate_tells_of_tools_that_the_role_does_not_allow(api: Api, db: None) -> None:
    body = validate(api.as_user(limited_user("resize")), STEPS).json()
    assert [(problem["step"], problem["code"]) for problem in body["problems"]] == [(2, "FORBIDDEN")]


def test_a_content_aware_resize_is_a_tool_of_its_own(api: Api, alice: User) -> None:
    steps = [{"toolId": "resize", "settings": {"width": 5, "contentAware": True}}]
    (problem,) = validate(api.as_user(alice), steps).json()["problems"]
    assert "content-aware-resize" in problem["message"]
    steps = [{"toolId": "resize", "settings": {"width": 5, "contentAware": False}}]
    assert validate(api.as_user(alice), steps).json()["valid"]


def test_a_key_without_the_permission_is_refused(api: Api, alice: User) -> None:
    assert not ApiKey.objects.exists()
    Role.objects.create(name="runners", permissions=["tools:use"])
    client = api.as_user(create_user("runner", role="runners"))
    assert answer_of(client.get(f"{URL}/list")) == (403, "FORBIDDEN")
    assert answer_of(save(client)) == (403, "FORBIDDEN")
    assert answer_of(save(api)) == (401, "AUTH_REQUIRED")


def test_a_step_that_is_sure_to_fail_is_a_problem(api: Api, alice: User) -> None:
    steps = [{"toolId": "rotate"}, {"toolId": "resize", "settings": {"percentage": 800}}]
    client = api.as_user(alice)
    assert validate(client, steps).json()["valid"] is True
    photo = {"format": "jpeg", "width": 4000, "height": 3000}
    body = validate(client, steps, input=photo).json()
    assert body["valid"] is False
    assert [(problem["step"], problem["code"]) for problem in body["problems"]] == [(2, "too_large")]
