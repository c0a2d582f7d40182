"""The sign-in pages."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("change-password", views.change_password, name="change-password"),
]
