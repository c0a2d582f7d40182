"""Below /api/."""

from django.urls import path

from accounts.api import role_views, team_views, user_views, views

urlpatterns = [
    path("auth/login", views.Login.as_view(), name="api-login"),
    path("auth/logout", views.Logout.as_view(), name="api-logout"),
    path("auth/session", views.CurrentSession.as_view(), name="api-session"),
    path("auth/change-password", views.ChangePassword.as_view(), name="api-change-password"),
    path("auth/users", user_views.Users.as_view(), name="api-users"),
    path("auth/register", user_views.Register.as_view(), name="api-register"),
    path("auth/users/<str:user_id>", user_views.UserDetail.as_view(), name="api-user"),
    path(
        "auth/users/<str:user_id>/reset-password",
        user_views.ResetPassword.as_view(),
        name="api-reset-password",
    ),
    path("v1/api-keys", views.ApiKeys.as_view(), name="api-keys"),
    path("v1/api-keys/<str:key_id>", views.ApiKeyDetail.as_view(), name="api-key"),
    path("v1/roles", role_views.Roles.as_view(), name="api-roles"),
    path("v1/roles/<str:role_id>", role_views.RoleDetail.as_view(), name="api-role"),
    path("v1/teams", team_views.Teams.as_view(), name="api-teams"),
    path("v1/teams/<str:team_id>", team_views.TeamDetail.as_view(), name="api-team"),
    path("v1/config/auth", views.AuthConfiguration.as_view(), name="api-config-auth"),
]
