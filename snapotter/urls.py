"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from snapotter.api.branding import Logo
from snapotter.api.docs import OpenAPI, Reference
from snapotter.api.health import AdminHealth, Health, Unknown
from snapotter.api.runtime import DefaultLocale, SettingDetail, Settings
from snapotter.pages import theme

urlpatterns = [
    path("api/v1/health", Health.as_view(), name="health"),
    path("api/v1/admin/health", AdminHealth.as_view(), name="api-admin-health"),
    path("api/v1/openapi.yaml", OpenAPI.as_view(), name="openapi"),
    path("api/v1/config/locale", DefaultLocale.as_view(), name="api-locale"),
    path("api/v1/settings", Settings.as_view(), name="api-settings"),
    path("api/v1/settings/logo", Logo.as_view(), name="api-logo"),  # before any setting of that name
    path("api/v1/settings/<str:key>", SettingDetail.as_view(), name="api-setting"),
    path("api/docs", Reference.as_view(), name="api-docs"),
    path("api/", include("accounts.api.urls")),
    path("api/v1/", include("audit.api.urls")),
    path("api/v1/", include("processing.api.urls")),
    re_path(r"^api/", Unknown.as_view()),
    path("theme", theme, name="theme"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("processing.urls")),
]

handler400 = "snapotter.api.errors.bad_request"
handler403 = "snapotter.api.errors.permission_denied"
handler404 = "snapotter.api.errors.not_found"
handler500 = "snapotter.api.errors.server_error"
