"""Below /api/v1/."""

from django.urls import path

from audit.api.views import AuditLog, AuditLogExport

urlpatterns = [
    path("audit-log", AuditLog.as_view(), name="api-audit-log"),
    path("audit-log/export", AuditLogExport.as_view(), name="api-audit-log-export"),
]
