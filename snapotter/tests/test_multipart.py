from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from snapotter.common.multipart import MultiPartParser

PART = '--otter\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\n{}\r\n'
ORDER = (("a", "1.jpg"), ("b", "2.jpg"), ("a", "3.jpg"), ("c", "4.jpg"))
FORM = "".join(PART.format(field, name, f"content of {name}") for field, name in ORDER) + "--otter--\r\n"


Parsed = Callable[[str], Any]


@pytest.fixture
def parsed() -> Iterator[Parsed]:
    requests = []

    def parse(body: str) -> Any:
        content_type = "multipart/form-data; boundary=otter"
        requests.append(RequestFactory().generic("POST", "/", body.encode(), content_type))
        return Request(requests[-1], parsers=[MultiPartParser()])

    yield parse
    for request in requests:
        request.close()


def test_files_come_in_the_order_they_were_sent_whatever_their_fields_are_called(parsed: Parsed) -> None:
    files = parsed(FORM).FILES.getlist("file")
    assert [file.name for file in files] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert [file.read() for file in files] == [f"content of {name}".encode() for _, name in ORDER]


@pytest.mark.parametrize("end", [len(FORM) - 4, len(FORM) - 11, FORM.index("content of 3") + 4, 10])
def test_a_form_that_is_cut_off_is_refused(parsed: Parsed, end: int) -> None:
    with pytest.raises(ParseError, match="boundary"):
        _ = parsed(FORM[:end]).FILES


@pytest.mark.parametrize("epilogue", ["", "\r\n", "said after the form\r\n"])
def test_what_follows_the_last_boundary_does_no_harm(parsed: Parsed, epilogue: str) -> None:
    assert len(parsed(FORM.removesuffix("\r\n") + epilogue).FILES.getlist("file")) == 4


def test_an_empty_body_is_an_empty_form(parsed: Parsed) -> None:
    assert not parsed("").FILES
