from __future__ import annotations

import gzip
import io

import pytest

from processing.engine.formats import EXTENSIONS, FORMATS, HEAD_BYTES, by_word, detect
from processing.tests.images import make_image
from processing.tooling import InvalidInput

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def _saved(format_id: str) -> bytes:
    buffer = io.BytesIO()
    make_image().save(buffer, format_id)
    return buffer.getvalue()[:HEAD_BYTES]


def _ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = major + b"\0\0\0\0" + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"\0" * 32


@pytest.mark.parametrize("format_id", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico"])
def test_bytes_decide_whatever_the_name_says(format_id: str) -> None:
    assert detect(_saved(format_id), "holiday.txt") == format_id


@pytest.mark.parametrize(
    ("head", "format_id"),
    [
        (_ftyp(b"heic"), "heif"),
        (_ftyp(b"hevx"), "heif"),
        (_ftyp(b"mif1", b"heic"), "heif"),
        (_ftyp(b"mif1", b"avif"), "avif"),
        (_ftyp(b"msf1"), "heif"),
        (_ftyp(b"avis"), "avif"),
        (_SVG, "svg"),
        (b"\xef\xbb\xbf \n" + _SVG, "svg"),
        (b'<?xml version="1.0"?><!-- made by hand -->' + _SVG, "svg"),
        (b"<!-- made by hand -->" + _SVG, "svg"),
        (gzip.compress(_SVG), "svg"),
        (b"MM\0*\0\0\0\x08", "tiff"),
    ],
)
def test_signatures(head: bytes, format_id: str) -> None:
    assert detect(head) == format_id


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"\0" * 4096, "INVALID_IMAGE"),
        (b"PK\x03\x04" + b"x" * 100, "UNSUPPORTED_FORMAT"),
        (b"just a letter", "UNSUPPORTED_FORMAT"),
        (b"<?xml version='1.0'?><html/>", "UNSUPPORTED_FORMAT"),
        (b"\x1f\x8b garbage", "UNSUPPORTED_FORMAT"),
        (gzip.compress(b"a log file"), "UNSUPPORTED_FORMAT"),
        (_ftyp(b"isom"), "UNSUPPORTED_FORMAT"),
        (b"RIFF1234WAVE", "UNSUPPORTED_FORMAT"),
        (b"\x89PN", "UNSUPPORTED_FORMAT"),
    ],
)
def test_it_refuses_what_is_no_image(head: bytes, code: str) -> None:
    with pytest.raises(InvalidInput, match=r"^Invalid image: ") as caught:
        detect(head, "picture.png")
    assert caught.value.code == code


def test_words_lead_to_formats() -> None:
    assert by_word("jpg") is by_word("JPEG") is by_word(".jpeg") is FORMATS["jpeg"]
    assert by_word("heic") is by_word("heif") is FORMATS["heif"]
    with pytest.raises(KeyError):
        by_word("exe")


def test_the_table_is_consistent() -> None:
    words = [word for row in FORMATS.values() for word in row.extensions]
    assert len(words) == len(set(words)) == len(EXTENSIONS)
    for row in FORMATS.values():
        same = FORMATS[row.same or row.id]
        assert same.writable
        assert same.same is None
