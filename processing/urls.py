"""The pages of the tools and of their runs."""

from django.urls import path

from processing import views
from processing.access.views import access
from processing.automate import views as automate
from processing.automate.run_views import again, run
from processing.history.views import cancel, history, live, picture, try_again

urlpatterns = [
    path("", views.tools, name="tools"),
    path("tools/<slug:section>/<slug:tool_id>", views.tool, name="tool"),
    path("access", access, name="access"),
    path("automate", automate.pipelines, name="automate"),
    path("automate/new", automate.new, name="automate-new"),
    path("automate/<uuid:pipeline_id>", automate.edit, name="automate-edit"),
    path("automate/<uuid:pipeline_id>/delete", automate.delete, name="automate-delete"),
    path("automate/<uuid:pipeline_id>/run", run, name="automate-run"),
    path("jobs", history, name="jobs"),
    path("jobs/live", live, name="jobs-live"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/again", again, name="job-again"),
    path("jobs/<uuid:job_id>/cancel", cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry", try_again, name="job-retry"),
    path("jobs/<uuid:job_id>/thumbnail", picture, name="job-thumbnail"),
]
