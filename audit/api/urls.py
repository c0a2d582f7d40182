"""Below /api/v1/."""

from django.urls import path

from audit.api.views import AuditLog

urlpatterns = [path("audit-log", AuditLog.as_view(), name="api-audit-log")]
