"""What pages of the admin site have in common that write through services."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.urls import include, path

from accounts.models import Team, User
from conftest import client_of
from snapotter.administration.site import AdministrationSite
from snapotter.common.errors import Conflict
from snapotter.common.model_admin import ServiceAdmin


class TeamAdmin(ServiceAdmin):
    """Calls what might be services: they refuse teams called `taken`."""

    fields = ("name", "retention_hours")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if obj.name == "taken":
            raise Conflict("There is a team of that name already")
        obj.save()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        if obj.name == "kept":
            raise Conflict("The team has members")
        Team.objects.filter(pk=obj.pk).delete()


class CarelessAdmin(ServiceAdmin):
    fields = ("name",)


teams, careless = AdministrationSite("teams"), AdministrationSite("careless")
teams.register(Team, TeamAdmin)
careless.register(Team, CarelessAdmin)
urlpatterns = [
    path("teams/", teams.urls),
    path("careless/", careless.urls),
    path("", include("snapotter.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
ADD = "/teams/accounts/team/add/"


def test_a_service_makes_what_the_form_says(admin: User) -> None:
    client_of(admin).post(ADD, {"name": "Otters", "retention_hours": "5"})
    assert Team.objects.get(name="Otters").retention_hours == 5
    assert not LogEntry.objects.exists()


def test_a_refusal_is_an_error_of_the_form_and_keeps_what_was_typed(admin: User) -> None:
    answer = client_of(admin).post(ADD, {"name": "taken", "retention_hours": "5"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "There is a team of that name already" in page
    assert 'value="taken"' in page
    assert 'value="5"' in page
    assert not Team.objects.filter(name="taken").exists()


def test_a_deletion_asks_first(admin: User, team: Team) -> None:
    client = client_of(admin)
    page = client.get(f"/teams/accounts/team/{team.pk}/delete/").content.decode()
    assert "Delete Otters?" in page
    client.post(f"/teams/accounts/team/{team.pk}/delete/", {"post": "yes"})
    assert not Team.objects.filter(pk=team.pk).exists()
    assert not LogEntry.objects.exists()


def test_a_refused_deletion_leads_back_and_says_why(admin: User) -> None:
    kept = Team.objects.create(name="kept")
    address = f"/teams/accounts/team/{kept.pk}/delete/"
    answer: Any = client_of(admin).post(address, {"post": "yes"}, follow=True)
    assert answer.redirect_chain == [(f"/teams/accounts/team/{kept.pk}/change/", 302)]
    assert "The team has members" in answer.content.decode()
    assert Team.objects.filter(pk=kept.pk).exists()


def test_a_page_that_calls_no_service_writes_nothing(admin: User, team: Team) -> None:
    client = client_of(admin)
    with pytest.raises(NotImplementedError):
        client.post("/careless/accounts/team/add/", {"name": "Beavers"})
    with pytest.raises(NotImplementedError):
        client.post(f"/careless/accounts/team/{team.pk}/delete/", {"post": "yes"})
    assert not Team.objects.filter(name="Beavers").exists()
    assert Team.objects.filter(pk=team.pk).exists()


def test_history_leads_to_the_audit_log(admin: User, team: Team) -> None:
    answer = client_of(admin).get(f"/teams/accounts/team/{team.pk}/history/")
    assert answer["Location"] == f"/admin/audit/auditentry/?target_type=team&target_id={team.pk}"
