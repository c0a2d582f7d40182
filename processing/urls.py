"""The pages of the tools and of their runs."""

from django.urls import path

from processing import views
from processing.access.views import access
from processing.history.views import cancel, history, live, picture

urlpatterns = [
    path("", views.tools, name="tools"),
    path("tools/<slug:section>/<slug:tool_id>", views.tool, name="tool"),
    path("access", access, name="access"),
    path("jobs", history, name="jobs"),
    path("jobs/live", live, name="jobs-live"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/cancel", cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/thumbnail", picture, name="job-thumbnail"),
]
