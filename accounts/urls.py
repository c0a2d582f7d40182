"""The sign-in pages and the account page."""

from django.urls import path

from accounts import account_views, api_key_views, views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("change-password", views.change_password, name="change-password"),
    path("account", account_views.profile, name="account"),
    path("account/keys", api_key_views.api_keys, name="account-keys"),
    path("account/keys/new", api_key_views.api_key_new, name="account-key-new"),
    path("account/keys/<uuid:key_id>/delete", api_key_views.api_key_delete, name="account-key-delete"),
    path("account/sessions", account_views.sessions, name="account-sessions"),
    path("account/sessions/end-others", account_views.sessions_end_others, name="account-sessions-end"),
    path("account/sessions/<str:handle>/end", account_views.session_end, name="account-session-end"),
    path("account/activity", account_views.activity, name="account-activity"),
]
