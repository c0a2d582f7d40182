"""The pages of pipelines, as a browser without scripts uses them."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Role, User
from conftest import client_of, create_user
from processing.models import BATCH, PIPELINE, Job, JobStatus, Pipeline
from processing.tests.images import make_image
from processing.tests.requests import jpeg
from snapotter.runtime.services import change

NEW = "/automate/new"
HTMX = {"HX-Request": "true"}
RESIZE = {"toolId": "resize", "settings": {"width": 100}}
ROTATE = {"toolId": "rotate", "settings": {"angle": 90}}


@pytest.fixture
def browser(alice: User) -> Client:
    return client_of(alice)


def pipeline(user: User | None, *steps: dict[str, Any], name: str = "Small and turned") -> Pipeline:
    return Pipeline.objects.create(name=name, steps=list(steps or (RESIZE, ROTATE)), user=user)


def html(answer: Any) -> str:
    return str(answer.content.decode())


def address(saved: Pipeline, more: str = "") -> str:
    return f"/automate/{saved.pk}{more}"


def controls(answer: Any) -> dict[str, Any]:
    """What the browser would send back from the page as it is."""
    builder = answer.context["builder"]
    sent: dict[str, Any] = {"step": [], "open": [], "version": builder.version}
    sent |= {field.name: field.value() or "" for field in builder.details}
    for step in builder.draft.steps:
        sent["step"].append(step.key)
        sent[f"{step.key}-tool"] = step.tool_id
        sent["open"] += [step.key] if step.is_open else []
        if step.form is None:
            sent[f"{step.key}-settings"] = step.kept_json
            continue
        values = {f"{step.key}-{name}": value for name, value in step.values.items()}
        sent |= {name: value for name, value in values.items() if value not in (False, None)}
    return sent


def do(client: Client, action: str, page: Any, **typed: Any) -> Any:
    """Press a button on a page, after typing."""
    return client.post(page.request["PATH_INFO"], {**controls(page), **typed, "do": action})


def titles(answer: Any) -> list[str]:
    return [step.title for step in answer.context["builder"].draft.steps]


class TestList:
    def test_it_has_the_own_ones_and_those_of_nobody(self, browser: Client, alice: User, bob: User) -> None:
        pipeline(alice, name="Mine")
        pipeline(None, name="Ours")
        pipeline(bob, name="Bobs")
        page = html(browser.get("/automate"))
        assert "Mine" in page and "Ours" in page
        assert "Bobs" not in page

    def test_who_may_all_sees_whose_they_are(self, admin: User, bob: User) -> None:
        pipeline(bob)
        assert "Belongs to </span>bob" in html(client_of(admin).get("/automate"))

    def test_its_queries_do_not_grow(
        self, admin: User, alice: User, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for user in (alice, bob, None) * 5:
            pipeline(user)
        client = client_of(admin)
        with django_assert_max_num_queries(4):
            assert client.get("/automate").status_code == 200

    def test_nobody_is_at_a_loss_without_any(self, browser: Client) -> None:
        assert "No pipelines yet" in html(browser.get("/automate"))

    def test_the_navigation_has_it_for_whom_it_is_for(self, browser: Client, db: None) -> None:
        Role.objects.create(name="user-of-tools", permissions=["tools:use"])
        other = client_of(create_user("dora", role="user-of-tools"))
        assert 'href="/automate"' in html(browser.get("/"))
        assert 'href="/automate"' not in html(other.get("/"))
        assert other.get("/automate").status_code == 403

    def test_a_deleted_one_is_gone(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        assert browser.post(address(saved, "/delete"))["Location"] == "/automate"
        assert not Pipeline.objects.exists()

    @pytest.mark.parametrize("more", ["", "/delete", "/run"])
    def test_a_strangers_is_as_absent_as_none(self, browser: Client, bob: User, more: str) -> None:
        saved = pipeline(bob)
        for key in (saved.pk, uuid4()):
            assert browser.post(f"/automate/{key}{more}").status_code == 404
        assert Pipeline.objects.count() == 1


class TestBuilding:
    def test_without_script_one_is_put_together_and_saved(self, browser: Client, alice: User) -> None:
        page = browser.get(NEW)
        page = do(browser, "add:resize", page)
        page = do(browser, "add:convert", page, **{"s1-width": "120"})
        page = do(browser, "add:rotate", page, **{"s2-format": "webp"})
        page = do(browser, "up:s3", page, **{"s3-angle": "90"})
        assert titles(page) == ["Resize", "Rotate & Flip", "Convert"]
        answer = do(browser, "save", page, name="For the web", description="Small")
        saved = Pipeline.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, address(saved))
        assert (saved.name, saved.description, saved.user) == ("For the web", "Small", alice)
        assert [step["toolId"] for step in saved.steps] == ["resize", "rotate", "convert"]
        assert saved.steps[0]["settings"]["width"] == 120
        assert saved.steps[1]["settings"]["angle"] == 90
        assert saved.steps[2]["settings"]["format"] == "webp"

    def test_nothing_is_called_wrong_before_a_check(self, browser: Client) -> None:
        page = do(browser, "add:resize", do(browser, "add:convert", browser.get(NEW)))
        assert "field-invalid" not in html(page)
        assert "field-invalid" in html(do(browser, "check", page))

    def test_steps_are_moved_copied_and_removed(self, browser: Client, alice: User) -> None:
        page = browser.get(address(pipeline(alice)))
        page = do(browser, "down:s1", page)
        assert titles(page) == ["Rotate & Flip", "Resize"]
        assert "Resize is now step 2 of 2." in html(page)
        page = do(browser, "copy:s1", page)
        assert titles(page) == ["Rotate & Flip", "Resize", "Resize"]
        page = do(browser, "remove:s2", page)
        assert titles(page) == ["Resize", "Resize"]
        assert [step.settings["width"] for step in page.context["builder"].draft.steps] == [100, 100]

    @pytest.mark.parametrize("action", ["up:s1", "down:s2", "remove:s9", "up:", "fly:s1", "", "copy:s1.5"])
    def test_what_cannot_be_done_changes_nothing(self, browser: Client, alice: User, action: str) -> None:
        page = do(browser, action, browser.get(address(pipeline(alice))))
        assert titles(page) == ["Resize", "Rotate & Flip"]

    def test_the_order_of_the_controls_is_the_order_of_the_steps(self, browser: Client, alice: User) -> None:
        page = do(browser, "place:s1", browser.get(address(pipeline(alice))), step=["s2", "s1", "s2", "x"])
        assert titles(page) == ["Rotate & Flip", "Resize"]

    def test_the_keyboard_stays_with_what_was_done(self, browser: Client, alice: User) -> None:
        page = do(browser, "remove:s2", browser.get(address(pipeline(alice))))
        assert 'id="s1-summary" autofocus' in html(page)

    def test_what_was_typed_stays_as_it_is(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        page = do(browser, "check", browser.get(address(saved)), name="<b>", **{"s1-width": "wide"})
        assert 'value="wide"' in html(page)
        assert "Enter a number." in html(page)
        assert 'value="&lt;b&gt;"' in html(page)
        page = do(browser, "save", page, **{"s1-width": "wide"})
        assert page.status_code == 400
        saved.refresh_from_db()
        assert saved.steps == [RESIZE, ROTATE]

    @pytest.mark.parametrize(
        ("typed", "message"),
        [
            ({"name": ""}, "Give it a name."),
            ({"name": "x" * 101}, "at most 100"),
            ({"step": []}, "at least one"),
        ],
    )
    def test_what_is_missing_is_named(
        self, browser: Client, alice: User, typed: dict[str, Any], message: str
    ) -> None:
        page = do(browser, "save", browser.get(address(pipeline(alice))), **typed)
        assert page.status_code == 400
        assert message in html(page)

    def test_it_ends_where_the_server_says(self, browser: Client, alice: User, settings: Settings) -> None:
        settings.MAX_PIPELINE_STEPS = 2
        page = do(browser, "add:crop", browser.get(address(pipeline(alice))))
        assert len(titles(page)) == 2
        assert "at most 2 steps" in html(page)

    def test_the_palette_has_only_what_one_may_use(self, browser: Client) -> None:
        change({"disabledTools": '["crop"]'})
        page = browser.get(NEW)
        assert "add:resize" in html(page) and "add:crop" not in html(page)
        assert do(browser, "add:crop", page).status_code == 404

    def test_a_search_leaves_what_has_its_words(self, browser: Client) -> None:
        page = do(browser, "search", browser.get(NEW), palette="instagram")
        groups = page.context["builder"].groups
        assert [card.tool.id for group in groups for card in group.cards if card.found] == ["resize"]

    def test_after_a_tool_was_found_and_added_all_are_there_again(self, browser: Client) -> None:
        page = do(browser, "search", browser.get(NEW), palette="instagram")
        page = do(browser, "add:resize", page)
        assert page.context["builder"].query == ""
        assert len(page.context["builder"].groups) == sum(
            group.found > 0 for group in page.context["builder"].groups
        )

    def test_a_step_that_cannot_run_as_it_is_says_so(self, browser: Client) -> None:
        page = do(browser, "add:crop", browser.get(NEW))
        assert "Not set yet" in html(page)
        assert "Standard settings" in html(do(browser, "add:compress", browser.get(NEW)))

    def test_with_htmx_the_answer_is_a_part(self, browser: Client) -> None:
        answer = browser.post(NEW, {"do": "add:resize"}, headers=HTMX)
        assert "<!DOCTYPE" not in html(answer)
        assert 'hx-swap-oob="innerHTML">Resize was added as step 1.' in html(answer)


class TestCheck:
    def test_warnings_stand_at_their_step(self, browser: Client, alice: User) -> None:
        larger = {"toolId": "resize", "settings": {"percentage": 200}}
        smaller = {"toolId": "resize", "settings": {"percentage": 50}}
        page = do(browser, "check", browser.get(address(pipeline(alice, larger, smaller))))
        first, second = page.context["builder"].draft.steps
        assert first.warnings == []
        assert "has enlarged" in second.warnings[0]
        assert "1 thing to consider" in html(page)

    def test_nothing_wrong_is_said_too(self, browser: Client, alice: User) -> None:
        assert "It can run." in html(do(browser, "check", browser.get(address(pipeline(alice)))))

    def test_a_tool_that_is_turned_off_is_told_at_once(self, browser: Client, alice: User) -> None:
        change({"disabledTools": '["rotate"]'})
        page = browser.get(address(pipeline(alice)))
        assert [step.problems for step in page.context["builder"].draft.steps] == [
            [],
            ["This tool is turned off on this server."],
        ]
        told = html(do(browser, "check", page))
        assert 'Look once more at <a href="#s2-summary">step 2 (Rotate &amp; Flip)</a>.' in told

    def test_a_tool_that_the_role_does_not_allow_is_told(self, db: None) -> None:
        Role.objects.create(
            name="turners",
            permissions=["tools:use", "pipelines:own"],
            tool_permissions={"mode": "tool", "allowed": ["rotate"]},
        )
        turner = create_user("turner", role="turners")
        page = client_of(turner).get(address(pipeline(turner)))
        assert "Your role does not allow this tool." in html(page)

    def test_a_tool_of_another_version_keeps_its_settings(self, browser: Client, alice: User) -> None:
        gone = {"toolId": "teapot", "settings": {"cups": [1, {"size": "ö"}]}}
        saved = pipeline(alice, gone, RESIZE)
        page = do(browser, "down:s1", browser.get(address(saved)))
        assert "not here any more" in html(page)
        assert page.context["builder"].draft.wire()[1] == gone
        assert do(browser, "save", page).status_code == 400

    @pytest.mark.parametrize("kept", ["", "x", "[]", "[" * 9999])
    def test_settings_that_are_none_are_none(self, browser: Client, kept: str) -> None:
        sent = {"step": ["s1"], "s1-tool": "tea\0pot", "s1-settings": kept, "do": "check"}
        assert browser.post(NEW, sent).status_code in (200, 400)


class TestSaving:
    def test_a_change_is_saved(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        do(browser, "save", browser.get(address(saved)), name="Other", **{"s1-width": "0042"})
        saved.refresh_from_db()
        assert (saved.name, saved.steps[0]["settings"]["width"]) == ("Other", 42)

    def test_a_copy_leaves_the_original(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice, name="x" * 100)
        do(browser, "save-copy", browser.get(address(saved)), **{"s1-width": "7"})
        copy = Pipeline.objects.exclude(pk=saved.pk).get()
        assert copy.name == "x" * 93 + " (copy)"
        assert copy.steps[0]["settings"]["width"] == 7
        saved.refresh_from_db()
        assert saved.steps == [RESIZE, ROTATE]

    def test_somebody_elses_newer_version_is_not_lost(
        self, browser: Client, alice: User, admin: User
    ) -> None:
        saved = pipeline(alice)
        mine = browser.get(address(saved))
        theirs = client_of(admin)
        do(theirs, "save", theirs.get(address(saved)), name="Theirs")
        answer = do(browser, "save", mine, name="Mine")
        assert answer.status_code == 409
        assert "Somebody saved another version" in html(answer)
        assert 'value="Mine"' in html(answer)
        assert Pipeline.objects.get().name == "Theirs"
        assert do(browser, "save", answer, name="Mine").status_code == 302
        assert Pipeline.objects.get().name == "Mine"

    def test_one_that_was_deleted_meanwhile_is_not_found(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        page = browser.get(address(saved))
        saved.delete()
        assert do(browser, "save", page).status_code == 404

    def test_saved_and_run_goes_on_to_the_run(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        answer = do(browser, "run", browser.get(address(saved)))
        assert answer["Location"] == address(saved, "/run")

    def test_with_htmx_a_saved_one_is_a_page_of_its_own(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice)
        sent = controls(browser.get(address(saved)))
        answer = browser.post(address(saved), {**sent, "do": "save"}, headers=HTMX)
        assert answer["HX-Redirect"] == address(saved)

    @pytest.mark.parametrize("version", ["", "x", "2026-13-45T00:00:00+00:00"])
    def test_a_version_that_is_none_never_replaces(self, browser: Client, alice: User, version: str) -> None:
        saved = pipeline(alice)
        assert do(browser, "save", browser.get(address(saved)), version=version, name="x").status_code == 409


def run(client: Client, saved: Pipeline, *contents: bytes, **more: Any) -> Any:
    headers = more.pop("headers", {})
    files = [SimpleUploadedFile(f"photo-{number}.jpg", each) for number, each in enumerate(contents, start=1)]
    return client.post(address(saved, "/run"), {"file": files, **more}, headers=headers)


class TestRun:
    def test_a_picture_goes_through_all_steps(self, browser: Client, alice: User) -> None:
        answer = run(browser, pipeline(alice), jpeg((200, 100)))
        job = Job.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
        assert (job.type, job.status) == (PIPELINE, JobStatus.COMPLETED)
        assert "50 × 100" in html(browser.get(answer["Location"]))

    def test_several_are_a_batch(self, browser: Client, alice: User) -> None:
        answer = run(browser, pipeline(alice), jpeg(), jpeg())
        batch = Job.objects.get(type=BATCH)
        assert answer["Location"] == f"/jobs/{batch.pk}"
        assert Job.objects.filter(parent=batch).count() == 2

    def test_with_htmx_the_result_is_a_page_of_its_own(self, browser: Client, alice: User) -> None:
        answer = run(browser, pipeline(alice), jpeg(), headers=HTMX)
        assert answer["HX-Redirect"] == f"/jobs/{Job.objects.get().pk}"

    def test_what_the_picture_would_lose_is_told_before(self, browser: Client, alice: User) -> None:
        saved = pipeline(alice, {"toolId": "convert", "settings": {"format": "jpg"}})
        buffer = io.BytesIO()
        make_image("RGBA").save(buffer, "PNG")
        assert "drops the transparency" not in html(browser.get(address(saved, "/run")))
        answer = run(browser, saved, buffer.getvalue(), do="check", headers=HTMX)
        assert "drops the transparency" in html(answer)
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("contents", "message"), [([], "No image was sent"), ([b"no picture" * 9], "Invalid image")]
    )
    @pytest.mark.parametrize("action", ["", "check"])
    def test_a_file_at_fault_is_named(
        self, browser: Client, alice: User, contents: list[bytes], message: str, action: str
    ) -> None:
        answer = run(browser, pipeline(alice), *contents, do=action, headers=HTMX)
        if contents or not action:
            assert answer.status_code == 400
            assert message in html(answer)
        assert not Job.objects.exists()

    def test_what_a_step_refuses_is_said(self, browser: Client, alice: User) -> None:
        area = {"left": 0, "top": 0, "width": 9999, "height": 10}
        answer = run(browser, pipeline(alice, {"toolId": "crop", "settings": area}), jpeg())
        assert answer.status_code == 422
        assert "Step 1 (Crop)" in html(answer)

    def test_one_that_cannot_run_says_where(self, browser: Client, alice: User) -> None:
        change({"disabledTools": '["rotate"]'})
        saved = pipeline(alice)
        assert "This tool is turned off on this server." in html(browser.get(address(saved, "/run")))
        assert run(browser, saved, jpeg()).status_code == 400
        assert not Job.objects.exists()

    def test_one_that_became_too_long_says_so(self, browser: Client, alice: User, settings: Settings) -> None:
        saved = pipeline(alice)
        settings.MAX_PIPELINE_STEPS = 1
        assert "at most 1 steps" in html(browser.get(address(saved, "/run")))

    def test_it_needs_the_right_to_use_tools(self, db: None) -> None:
        Role.objects.create(name="planners", permissions=["pipelines:own"])
        planner = create_user("planner", role="planners")
        saved = pipeline(planner)
        assert client_of(planner).get(address(saved)).status_code == 200
        assert client_of(planner).get(address(saved, "/run")).status_code == 403
        assert run(client_of(planner), saved, jpeg()).status_code == 403


class TestRunAgain:
    @pytest.fixture
    def earlier(self, browser: Client, alice: User) -> Job:
        """The pipeline was deleted since."""
        saved = pipeline(alice)
        run(browser, saved, jpeg((200, 100)))
        saved.delete()
        return Job.objects.get()

    def test_the_steps_are_as_they_were_and_the_picture_is_there(self, browser: Client, earlier: Job) -> None:
        assert f'href="/jobs/{earlier.pk}/again"' in html(browser.get("/jobs"))
        assert f'href="/jobs/{earlier.pk}/again"' in html(browser.get(f"/jobs/{earlier.pk}"))
        answer = browser.get(f"/jobs/{earlier.pk}/again")
        page = html(answer)
        for told in ("Resize → Rotate &amp; Flip", "Width 100 px", "Angle 90 °", "photo-1.jpg"):
            assert told in page
        assert browser.get(answer.context["runnable"].source.url).status_code == 200

    def test_it_runs(self, browser: Client, earlier: Job) -> None:
        files = {"file": [SimpleUploadedFile("other.jpg", jpeg((200, 100)))]}
        answer = browser.post(f"/jobs/{earlier.pk}/again", files)
        again = Job.objects.exclude(pk=earlier.pk).get()
        assert answer["Location"] == f"/jobs/{again.pk}"
        assert again.settings == earlier.settings

    def test_it_runs_on_many(self, browser: Client, earlier: Job) -> None:
        files = [SimpleUploadedFile(f"{number}.jpg", jpeg()) for number in range(2)]
        browser.post(f"/jobs/{earlier.pk}/again", {"file": files})
        batch = Job.objects.get(type=BATCH)
        answer = browser.get(f"/jobs/{batch.pk}/again")
        assert "Width 100 px" in html(answer)
        assert answer.context["runnable"].source is None
        assert "have to be chosen again" in html(answer)

    def test_its_steps_are_changed_and_saved_as_a_new_pipeline(self, browser: Client, earlier: Job) -> None:
        assert f'href="{NEW}?job={earlier.pk}"' in html(browser.get(f"/jobs/{earlier.pk}/again"))
        sent = controls(browser.get(f"{NEW}?job={earlier.pk}"))
        browser.post(NEW, {**sent, "name": "As it was", "do": "save"})
        assert [step["toolId"] for step in Pipeline.objects.get().steps] == ["resize", "rotate"]

    def test_whoever_keeps_no_pipelines_runs_it_all_the_same(self, earlier: Job) -> None:
        Role.objects.create(name="runners", permissions=["tools:use", "files:all"])
        answer = client_of(create_user("runner", role="runners")).get(f"/jobs/{earlier.pk}/again")
        assert answer.status_code == 200
        assert NEW not in html(answer)

    def test_a_step_that_is_turned_off_meanwhile_says_so(self, browser: Client, earlier: Job) -> None:
        change({"disabledTools": '["rotate"]'})
        page = html(browser.get(f"/jobs/{earlier.pk}/again"))
        assert "This tool is turned off on this server." in page
        assert 'button-run" disabled' in page


def test_so_many_batches_a_minute_and_no_more(
    browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.limits.BATCHES_PER_MINUTE", 1)
    saved = pipeline(alice)
    assert run(browser, saved, jpeg(), jpeg()).status_code == 302
    assert run(browser, saved, jpeg(), jpeg()).status_code == 429
