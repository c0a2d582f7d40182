"""Below /api/."""

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("auth/login", views.Login.as_view(), name="api-login"),
    path("auth/logout", views.Logout.as_view(), name="api-logout"),
    path("auth/session", views.CurrentSession.as_view(), name="api-session"),
    path("auth/change-password", views.ChangePassword.as_view(), name="api-change-password"),
    path("v1/api-keys", views.ApiKeys.as_view(), name="api-keys"),
    path("v1/api-keys/<str:key_id>", views.ApiKeyDetail.as_view(), name="api-key"),
    path("v1/config/auth", views.AuthConfiguration.as_view(), name="api-config-auth"),
]
