"""A column the server numbers."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import DatabaseDefault, Value


class IdentityField(models.BigIntegerField):  # type: ignore[type-arg]  # not subscriptable at run time
    """`bigint GENERATED ALWAYS AS IDENTITY`; Django itself knows identity columns only as primary keys."""

    db_returning = True  # the number is read back by the INSERT that draws it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str:
        return "GENERATED ALWAYS AS IDENTITY"

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return DatabaseDefault(Value(None), output_field=self)
