"""Forms of the admin site as a browser sends them."""

from __future__ import annotations

from typing import Any

from django.test import Client


def sent_by(client: Client, address: str) -> dict[str, Any]:
    """What a browser sends when nothing was touched."""
    answer: Any = client.get(address)
    assert answer.status_code == 200
    sent: dict[str, Any] = {}
    for field in answer.context["adminform"].form:
        value = field.field.prepare_value(field.value())
        for name in (field.html_name, field.html_initial_name):
            sent[name] = value
    return {name: value for name, value in sent.items() if value is not None and value is not False}


def save(client: Client, address: str, **changes: Any) -> Any:
    """The answer to a form in which `changes` were typed; None for what is emptied or ticked off."""
    form = sent_by(client, address) | changes
    return client.post(
        address, {name: value for name, value in form.items() if value is not None}, follow=True
    )


def errors(answer: Any) -> dict[str, list[str]]:
    """What is wrong, by field; empty after a form that was saved."""
    context = answer.context
    form = context["adminform"].form if "adminform" in context else context["form"]
    return {name: list(messages) for name, messages in form.errors.items()}


def chosen(client: Client, address: str, action: str, *rows: Any, **form: str) -> str:
    """The page after an action on some rows of a list."""
    sent = {"action": action, "_selected_action": [str(row.pk) for row in rows], **form}
    return client.post(address, sent, follow=True).content.decode()
