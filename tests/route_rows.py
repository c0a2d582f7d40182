"""One row for each route and method: what it needs, and what it answers to whom (see tests/route_row.py).

    Row("GET", "api/v1/jobs/<path:job_id>", needs("tools:use"), 200, other=404, reach="files:all")

reads: whoever does not hold `tools:use` is turned away at the door; the others get 200 for an object of their
own and 404 for another's, unless they hold `files:all`. What a row says is never taken from the code that it
is about. A status may name the code of the error, as "403 FORBIDDEN", or where it leads, as "302 /login".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from processing.registry import all_tools
from tests.route_callers import KEYS
from tests.route_row import PUBLIC, SIGNED_IN, SIGNED_IN_PAGE, Row, Status, needs, page

PASSWORD: Final = "Otter-9-swims"

ANY: Final = "GET POST PUT PATCH DELETE"
LIVE_KEYS: Final = ("fitting key", "other key")
ESCALATION: Final = "403 ESCALATION_DENIED"
# A key of an admin that may manage users and nothing else reaches nobody who may do more.
BEYOND_THE_KEY: Final = {"fitting key": ESCALATION}

ACCESS: Final = (
    Row("POST", "api/auth/login", PUBLIC, "400 VALIDATION_ERROR", json={}),
    Row("POST", "api/auth/logout", PUBLIC, 200),
    Row(
        "GET", "api/auth/session", SIGNED_IN, 200, but={"pending": 200, "fitting key": 401, "other key": 401}
    ),
    Row(
        "POST",
        "api/auth/change-password",
        SIGNED_IN,
        "400 VALIDATION_ERROR",
        json={"currentPassword": "wrong", "newPassword": "weak"},
        but={"pending": "400 VALIDATION_ERROR", **dict.fromkeys(LIVE_KEYS, "403 FORBIDDEN")},
    ),
    Row("GET", "api/auth/users", needs("users:manage"), 200),
    Row(
        "POST",
        "api/auth/register",
        needs("users:manage"),
        201,
        json={"username": "newcomer", "password": PASSWORD},
        but=BEYOND_THE_KEY,
    ),
    Row(
        "PUT",
        "api/auth/users/<str:user_id>",
        needs("users:manage"),
        200,
        json={"team": "Default"},
        but=BEYOND_THE_KEY,
    ),
    Row(
        "DELETE",
        "api/auth/users/<str:user_id>",
        needs("users:manage"),
        "400 SELF_DELETE",
        other=200,
        but={"fitting key, other": ESCALATION},
    ),
    Row(
        "POST",
        "api/auth/users/<str:user_id>/reset-password",
        needs("users:manage"),
        "400 SELF_RESET",
        other=200,
        json={"newPassword": PASSWORD},
        but=BEYOND_THE_KEY,
    ),
    Row("GET", "api/v1/api-keys", needs("apikeys:own"), 200),
    Row(
        "POST",
        "api/v1/api-keys",
        needs("apikeys:own"),
        201,
        json={},
        but={"fitting key": ESCALATION},
    ),
    Row("DELETE", "api/v1/api-keys/<str:key_id>", needs("apikeys:own"), 200, other="404 NOT_FOUND"),
    Row("GET", "api/v1/roles", needs("audit:read"), 200),
    Row(
        "POST",
        "api/v1/roles",
        needs("users:manage"),
        201,
        json={"name": "swimmers", "permissions": ["files:own"]},
        but=BEYOND_THE_KEY,
    ),
    Row(
        "PUT",
        "api/v1/roles/<str:role_id>",
        needs("users:manage"),
        200,
        json={"description": "They swim"},
        but=BEYOND_THE_KEY,
    ),
    Row("DELETE", "api/v1/roles/<str:role_id>", needs("users:manage"), 200, but=BEYOND_THE_KEY),
    Row("GET", "api/v1/teams", needs("teams:manage"), 200),
    Row("POST", "api/v1/teams", needs("teams:manage"), 201, json={"name": "Divers"}),
    Row("PUT", "api/v1/teams/<str:team_id>", needs("teams:manage"), 200, json={"name": "Divers"}),
    Row("DELETE", "api/v1/teams/<str:team_id>", needs("teams:manage"), 200),
    Row("GET", "api/v1/config/auth", PUBLIC, 200),
    Row(
        "GET",
        "api/v1/access/explain",
        SIGNED_IN,
        200,
        other="403 FORBIDDEN",
        reach="users:manage",
        query="permission=tools:use&user=<user_id>",
    ),
)

SERVER: Final = (
    Row("GET", "api/v1/health", PUBLIC, 200),
    Row("GET", "api/v1/admin/health", needs("system:health"), 200),
    Row("GET", "api/v1/openapi.yaml", PUBLIC, 200),
    Row("GET", "api/docs", PUBLIC, 200),
    Row("GET", "api/v1/settings", needs("settings:read"), 200),
    Row("PUT", "api/v1/settings", needs("settings:write"), 200, json={"defaultTheme": "dark"}),
    Row("GET", "api/v1/settings/<str:key>", needs("settings:read"), 200),
    Row("GET", "api/v1/config/locale", PUBLIC, 200),
    Row("GET", "api/v1/settings/logo", PUBLIC, "404 NOT_FOUND"),
    Row("POST", "api/v1/settings/logo", needs("settings:write"), "400 VALIDATION_ERROR", form={}),
    Row("DELETE", "api/v1/settings/logo", needs("settings:write"), 200),
    Row("GET", "api/v1/audit-log", needs("audit:read"), 200),
    Row("GET", "api/v1/audit-log/export", needs("audit:read"), 200),
    Row(ANY, "api/", SIGNED_IN, "404 NOT_FOUND"),
)

JOBS: Final = (
    Row("GET", "api/v1/jobs", needs("tools:use"), 200),
    Row(
        "GET",
        "api/v1/jobs/<path:job_id>",
        needs("tools:use"),
        200,
        other="404 NOT_FOUND",
        reach="files:all",
    ),
    Row(
        "GET",
        "api/v1/jobs/<path:job_id>/progress",
        needs("tools:use"),
        200,
        other="404 NOT_FOUND",
        reach="files:all",
    ),
    Row(
        "POST",
        "api/v1/jobs/<path:job_id>/cancel",
        needs("tools:use"),
        200,
        other="404 NOT_FOUND",
        reach="files:all",
    ),
    Row(
        "POST",
        "api/v1/jobs/<path:job_id>/retry",
        needs("tools:use"),
        "409 NOT_ENDED",
        other="404 NOT_FOUND",
        reach="files:all",
    ),
    Row(
        "GET",
        "api/v1/download/<str:job_id>/<str:filename>",
        PUBLIC,
        "404 EXPIRED",  # passed: its files are gone
        other="404 NOT_FOUND",
        reach="files:all",
        but=dict.fromkeys(
            ("anonymous", "expired key", "fitting key", "disabled", "auditor", "powerless"), "404 NOT_FOUND"
        ),
    ),
)

STEPS: Final = [{"toolId": "rotate"}]
PIPELINES: Final = (
    Row("POST", "api/v1/pipeline/execute", needs("tools:use"), "400 NO_FILE", form={}),
    Row("POST", "api/v1/pipeline/batch", needs("tools:use"), "400 NO_FILE", form={}),
    Row(
        "POST",
        "api/v1/pipeline/save",
        needs("pipelines:own"),
        201,
        json={"name": "Turn", "steps": STEPS},
    ),
    Row("GET", "api/v1/pipeline/list", needs("pipelines:own"), 200),
    Row("GET", "api/v1/pipeline/tools", needs("pipelines:own"), 200),
    Row("POST", "api/v1/pipeline/validate", needs("pipelines:own"), 200, json={"steps": STEPS}),
    Row(
        "GET",
        "api/v1/pipeline/<str:pipeline_id>",
        needs("pipelines:own"),
        200,
        other="404 NOT_FOUND",
        reach="pipelines:all",
    ),
    Row(
        "PUT",
        "api/v1/pipeline/<str:pipeline_id>",
        needs("pipelines:own"),
        200,
        other="404 NOT_FOUND",
        reach="pipelines:all",
        json={"name": "Turn"},
    ),
    Row(
        "DELETE",
        "api/v1/pipeline/<str:pipeline_id>",
        needs("pipelines:own"),
        200,
        other="403 FORBIDDEN",  # as clients of 1.x know it
        reach="pipelines:all",
    ),
)

PAGES: Final = (
    Row("POST", "theme", PUBLIC, "302 /", form={"theme": "dark"}),
    Row("GET", "login", PUBLIC, "302 /", but=dict.fromkeys((*KEYS, "anonymous", "disabled"), 200)),
    Row("POST", "login", PUBLIC, 200),
    Row("POST", "logout", PUBLIC, "302 /login"),
    Row("GET POST", "change-password", SIGNED_IN_PAGE, 200, but={"pending": 200}),
    Row("GET", "account", SIGNED_IN_PAGE, 200),
    Row("GET", "account/keys", SIGNED_IN_PAGE, 200),
    Row("GET POST", "account/keys/new", page("apikeys:own"), 200),
    Row("POST", "account/keys/<uuid:key_id>/delete", page("apikeys:own"), "302 /account/keys", other=404),
    Row("GET", "account/sessions", SIGNED_IN_PAGE, 200),
    Row("POST", "account/sessions/end-others", SIGNED_IN_PAGE, "302 /account/sessions"),
    Row("POST", "account/sessions/<str:handle>/end", SIGNED_IN_PAGE, "302 /account/sessions", other=404),
    Row("GET", "account/activity", SIGNED_IN_PAGE, 200),
    Row("GET", "access", SIGNED_IN_PAGE, 200),
    Row("GET", "", page("tools:use"), 200),
    Row("GET", "tools/<slug:section>/<slug:tool_id>", page("tools:use"), 200),
    Row("POST", "tools/<slug:section>/<slug:tool_id>", page("tools:use"), 400, form={}),
    Row("GET", "automate", page("pipelines:own"), 200),
    Row("GET POST", "automate/new", page("pipelines:own"), 200),
    Row(
        "GET POST",
        "automate/<uuid:pipeline_id>",
        page("pipelines:own"),
        200,
        other=404,
        reach="pipelines:all",
    ),
    Row(
        "POST",
        "automate/<uuid:pipeline_id>/delete",
        page("pipelines:own"),
        "302 /automate",
        other=404,
        reach="pipelines:all",
    ),
    # Needs tools:use as well, which everybody here has who holds pipelines:own.
    Row(
        "GET",
        "automate/<uuid:pipeline_id>/run",
        page("pipelines:own"),
        200,
        other=404,
        reach="pipelines:all",
    ),
    Row(
        "POST",
        "automate/<uuid:pipeline_id>/run",
        page("pipelines:own"),
        400,  # there is no picture
        other=404,
        reach="pipelines:all",
        form={},
    ),
    Row("GET", "jobs/<uuid:job_id>", page("tools:use"), 200, other=404, reach="files:all"),
    Row("GET", "jobs", page("tools:use"), 200),
    Row("GET", "jobs/live", page("tools:use"), "302 /jobs"),
    Row(
        "GET POST",
        "jobs/<uuid:job_id>/again",
        page("tools:use"),
        "302 /tools/image/resize",
        other=404,
        reach="files:all",
    ),
    Row("POST", "jobs/<uuid:job_id>/cancel", page("tools:use"), 302, other=404, reach="files:all"),
    Row("POST", "jobs/<uuid:job_id>/retry", page("tools:use"), 302, other=404, reach="files:all"),
    Row("GET", "jobs/<uuid:job_id>/thumbnail", page("tools:use"), 404),  # there is no result to show
)


def tool_rows(tool_id: str, path: str) -> Iterable[Row]:
    """Each tool answers at two addresses; sent nothing, it says so."""
    for address in (path, tool_id):
        yield Row("POST", f"api/v1/tools/{address}", needs("tools:use"), "400 NO_FILE", form={})
        yield Row("POST", f"api/v1/tools/{address}/batch", needs("tools:use"), "400 NO_FILE", form={})


ADMINISTRATIVE: Final = page(
    "users:manage", "teams:manage", "settings:write", "features:manage", "system:health", "audit:read"
)

ADMIN_SITE: Final = (
    Row(ANY, "admin", PUBLIC, "302 /admin/"),
    Row("GET POST", "admin/", ADMINISTRATIVE, 200),
    Row(ANY, "admin/login/", PUBLIC, "302 /login"),
    Row("POST", "admin/logout/", ADMINISTRATIVE, "302 /login"),
    Row("GET POST", "admin/password_change/", ADMINISTRATIVE, "302 /change-password"),
    Row("GET POST", "admin/password_change/done/", ADMINISTRATIVE, "302 /change-password"),
    Row("GET", "admin/autocomplete/", ADMINISTRATIVE, 403),
    Row("GET", "admin/jsi18n/", ADMINISTRATIVE, 200),
    Row("GET POST", "admin/r/<path:content_type_id>/<path:object_id>/", ADMINISTRATIVE, 404),
    Row("GET", "admin/settings/", page("settings:write"), 200),
    Row("POST", "admin/settings/", page("settings:write"), "302 /admin/settings/"),
    Row("POST", "admin/settings/logo", page("settings:write"), "302 /admin/settings/"),
    Row("GET", "admin/audit/auditentry/export/<str:format>", page("audit:read"), 200),
    Row("GET POST", "admin/<app_label>/", page("audit:read"), 200),
    Row("GET POST", "admin/<url>", ADMINISTRATIVE, 404),
)


def model_rows(
    model: str,
    sees: str,
    *,
    adds: str | None = None,
    changes: str | None = None,
    deletes: str | None = None,
    history: Status = "302 /admin/audit/auditentry/",
) -> Iterable[Row]:
    """The pages that Django's admin makes for a model; each takes GET and POST.

    `adds`, `changes` and `deletes` are the permissions for it; None where nobody may.
    """
    object_route = f"admin/{model}/<path:object_id>"
    yield Row("GET POST", f"admin/{model}/", page(sees), 200)
    yield Row("GET POST", f"{object_route}/history/", ADMINISTRATIVE, history)
    yield Row("GET POST", f"{object_route}/", ADMINISTRATIVE, 302)
    yield Row("GET", f"{object_route}/change/", page(sees), 200)
    for methods, route, permission in (
        ("POST", f"{object_route}/change/", changes),
        ("GET POST", f"admin/{model}/add/", adds),
        ("GET POST", f"{object_route}/delete/", deletes),
    ):
        door, status = (ADMINISTRATIVE, 403) if permission is None else (page(permission), 200)
        yield Row(methods, route, door, status)


_WRITTEN_BY_MANAGERS: Final = dict.fromkeys(("adds", "changes", "deletes"), "users:manage")

ROWS: Final[tuple[Row, ...]] = (
    *ACCESS,
    *SERVER,
    *JOBS,
    *PIPELINES,
    *PAGES,
    *(row for tool in all_tools() for row in tool_rows(tool.id, tool.path)),
    *ADMIN_SITE,
    *model_rows("audit/auditentry", "audit:read", history=404),
    *model_rows("processing/job", "system:health", history=404),
    *model_rows("accounts/apikey", "apikeys:all"),
    Row("GET POST", "admin/accounts/session/", page("users:manage"), 200),
    *model_rows("accounts/user", "users:manage", **_WRITTEN_BY_MANAGERS),
    Row("GET POST", "admin/accounts/user/<uuid:user_id>/password/", page("users:manage"), 200),
    Row("POST", "admin/accounts/user/<uuid:user_id>/end-sessions/", page("users:manage"), 302),
    *model_rows("accounts/role", "users:manage", **_WRITTEN_BY_MANAGERS),
    *model_rows(
        "accounts/team", "teams:manage", adds="teams:manage", changes="teams:manage", deletes="teams:manage"
    ),
)
