from __future__ import annotations

import pytest

from processing.engine.formats import FORMATS
from processing.engine.names import output_name, sanitise
from processing.tooling import Encoding


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\x.png", "x.png"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("a.png.php", "a.png"),
        ("x.jpg.png", "x.jpg"),
        ("a.PNG.exe", "a.PNG"),
        ("v1.2 final.tif", "v1.2 final.tif"),
        ("a\0b\r\nc\x1b.png", "abc.png"),
        ("....png", "png"),
        ("a..b.png", "ab.png"),
        ("", "upload"),
        (None, "upload"),
        (".", "upload"),
        ("..", "upload"),
        ("///", "upload"),
        ("   ", "upload"),
        (".png", ".png"),
        ("😀 日本語 עברית.webp", "😀 日本語 עברית.webp"),
        ("exe\u202egpj.png", "exegpj.png"),
        ("\u2067exe\u2066gpj\u2069\u202c.png", "exegpj.png"),
        ("a\u2028b.png", "ab.png"),
        ("\U0001f468\u200d\U0001f33e \u200e.png", "\U0001f468\u200d\U0001f33e \u200e.png"),
        ("%2e%2e%2fpasswd", "%2e%2e%2fpasswd"),
        ("bad\udcff.png", "bad.png"),
    ],
)
def test_sanitise(given: str | None, safe: str) -> None:
    assert sanitise(given) == safe


@pytest.mark.parametrize("character", ["a", "é", "日", "😀"])
def test_long_names_are_cut_between_characters_and_keep_their_extension(character: str) -> None:
    name = sanitise(character * 500 + ".jpeg")
    assert name.endswith(".jpeg")
    assert 195 < len(name.encode()) <= 200
    assert set(name.removesuffix(".jpeg")) == {character}


def test_the_fallback_is_the_callers() -> None:
    assert sanitise("..", "image") == "image"


@pytest.mark.parametrize(
    ("name", "format_id", "encoding", "result"),
    [
        ("a.png", "png", Encoding(), "a_resize.png"),
        ("a.jpeg", "jpeg", Encoding(), "a_resize.jpg"),
        ("a.tif", "tiff", Encoding(), "a_resize.tiff"),
        ("a.heic", "avif", Encoding(), "a_resize.avif"),
        ("a.PNG", "jpeg", Encoding(), "a_resize.jpg"),
        ("noextension", "png", Encoding(), "noextension_resize"),
        (".png", "png", Encoding(), ".png_resize"),
        ("a.b.svg", "png", Encoding(), "a.b_resize.png"),
        ("a.png", "heif", Encoding(extension="heif", keep_stem=True), "a.heif"),
        ("noextension", "webp", Encoding(extension="webp", keep_stem=True), "noextension.webp"),
    ],
)
def test_output_name(name: str, format_id: str, encoding: Encoding, result: str) -> None:
    assert output_name(name, "resize", FORMATS[format_id], encoding) == result


def test_output_names_stay_short() -> None:
    name = output_name("日" * 66 + ".png", "resize", FORMATS["png"], Encoding())
    assert name.endswith("日_resize.png")
    assert len(name.encode()) <= 200
