"""What the admin site shows of people: users, teams, keys and sessions. Roles, which name tools, are in
`snapotter.administration`."""

from accounts.admin import revocation, teams, users

__all__ = ["revocation", "teams", "users"]
