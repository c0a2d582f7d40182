from __future__ import annotations

from typing import Any

import pytest

from snapotter.runtime.kinds import Choice, Ids, Kind, Number, Text, Truth, Whole


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Text(5), " Otter ", "Otter"),
        (Choice({"light": "Light", "dark": "Dark"}), "dark", "dark"),
        (Whole(-1, 30), "-1", -1),
        (Whole(-1, 30), "030", 30),
        (Number(0, 87_600), "0.5", 0.5),
        (Number(0, 87_600), "72", 72.0),
        (Number(0, 87_600), "0.000001", 0.000001),
        (Number(0, 87_600), "87600", 87_600.0),
        (Ids(), '["resize", "qr-code"]', ("resize", "qr-code")),
        (Truth(), "true", True),
        (Truth(), "false", False),
        (Ids(), "[]", ()),
    ],
)
def test_it_reads_what_it_writes(kind: Kind[Any], text: str, value: Any) -> None:
    assert kind.parse(text) == value
    assert kind.parse(kind.text(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Text(5), "Otters"),
        (Text(5), "  "),
        (Text(5), "a\0b"),
        (Choice({"light": "Light", "dark": "Dark"}), "Dark"),
        (Whole(0, 30), "31"),
        (Whole(0, 30), "1_0"),
        (Whole(0, 30), "٣"),
        (Whole(0, 30), "1.0"),
        (Whole(0, 30), ""),
        (Number(0, 30), "nan"),
        (Number(0, 30), "inf"),
        (Number(0, 30), "1e1"),
        (Number(0, 30), "-0.1"),
        (Number(0, 30), "30.1"),
        (Number(0, 30), ".5"),
        (Number(0, 30), " 1"),
        (Number(0, 30), "٣"),
        (Truth(), "True"),
        (Truth(), "1"),
        (Ids(), "resize"),
        (Ids(), '{"resize": true}'),
        (Ids(), '["Resize"]'),
        (Ids(), "[1]"),
        (Ids(), "[" * 100_000),
    ],
)
def test_it_refuses_anything_else(kind: Kind[Any], text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind.parse(text)


@pytest.mark.parametrize(("value", "text"), [(72.0, "72"), (0.5, "0.5"), (0.0, "0"), (100.0, "100")])
def test_a_number_reads_as_people_write_it(value: float, text: str) -> None:
    assert Number(0, 87_600).text(value) == text
