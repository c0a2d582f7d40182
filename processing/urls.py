"""The pages of the tools and of their runs."""

from django.urls import path

from processing import views
from processing.access.views import access

urlpatterns = [
    path("", views.tools, name="tools"),
    path("tools/<slug:section>/<slug:tool_id>", views.tool, name="tool"),
    path("access", access, name="access"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
]
