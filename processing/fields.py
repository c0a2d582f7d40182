"""Column types that Django has no field for."""

from __future__ import annotations

from django.db import models


class RealField(models.FloatField):  # type: ignore[type-arg]  # not subscriptable at run time
    """PostgreSQL `real`, the published type of `jobs.progress`."""

    def db_type(self, connection: object) -> str:
        return "real"
