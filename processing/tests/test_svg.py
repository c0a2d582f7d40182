from __future__ import annotations

import gzip
from pathlib import Path
from xml.etree.ElementTree import tostring

import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from processing.engine import svg
from processing.engine.inspect import inspect
from processing.engine.request import Limits
from processing.engine.svg_size import intrinsic_size
from processing.tests.images import near, opened, rgb, run
from processing.tooling import InvalidInput, SourceImage, ToolError

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
RED = (255, 0, 0)


def document(body: str = "", attributes: str = 'width="40" height="20"', prolog: str = "") -> str:
    return f"{prolog}<svg {NAMESPACES} {attributes}>{body}</svg>"


def write(folder: Path, text: str | bytes, name: str = "a.svg") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def look(path: Path, limits: Limits | None = None) -> SourceImage:
    return inspect(path, path.name, limits or Limits())


def draw(folder: Path, text: str | bytes) -> Image.Image:
    path = write(folder, text)
    look(path)
    return svg.rasterise(path, None, Limits())


def cleaned(text: str) -> str:
    return tostring(svg.sanitise(fromstring(text)), encoding="unicode")


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="40" height="20"', (40, 20)),
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="72pt" height="6pc"', (96, 96)),
        ('width="25.4mm" height="2em"', (96, 32)),
        ('viewBox="0 0 30 10"', (30, 10)),
        ('viewBox="0,0,30,10" width="60"', (60, 20)),
        ('viewBox="0 0 30 10" height="5"', (15, 5)),
        ('viewBox="0 0 30 10" width="100%" height="100%"', (30, 10)),
        ("", (300, 150)),
        ('width="-5" height="nonsense"', (300, 150)),
        ('viewBox="0 0 0 10"', (300, 150)),
        ('viewBox="a b c d"', (300, 150)),
        ('viewBox="nan nan inf inf"', (300, 150)),
        ('width="0.2" height="10.4"', (1, 11)),
    ],
)
def test_intrinsic_size(attributes: str, size: tuple[int, int]) -> None:
    assert intrinsic_size(fromstring(document(attributes=attributes))) == size


@pytest.mark.parametrize(
    "attributes",
    ['width="40" height="20"', 'width="40" height="20" viewBox="0 0 4 2"', 'viewBox="0 0 40 20"'],
)
def test_it_is_drawn_at_its_own_size(tmp_path: Path, attributes: str) -> None:
    image = draw(tmp_path, document('<rect width="100%" height="100%" fill="red"/>', attributes))
    assert (image.mode, image.size) == ("RGBA", (40, 20))
    assert image.getpixel((39, 19)) == (*RED, 255)


def test_what_is_not_drawn_on_is_transparent(tmp_path: Path) -> None:
    assert draw(tmp_path, document()).getextrema() == ((0, 0),) * 4


def test_old_files_without_a_namespace_are_drawn(tmp_path: Path) -> None:
    image = draw(tmp_path, '<svg width="9" height="9"><rect width="9" height="9" fill="red"/></svg>')
    assert image.getpixel((4, 4)) == (*RED, 255)


def test_compressed_svg(tmp_path: Path) -> None:
    path = write(
        tmp_path, gzip.compress(document('<rect width="40" height="20" fill="red"/>').encode()), "a.svgz"
    )
    assert look(path).format == "svg"
    assert near(rgb(opened(run("image/convert", path, {"format": "png"})), 0.5, 0.5), RED)


def test_text_is_drawn_with_system_fonts(tmp_path: Path) -> None:
    image = draw(tmp_path, document('<text y="18" font-size="20">MM</text>'))
    assert image.getchannel("A").getbbox() is not None


def test_vectors_are_drawn_at_the_size_that_is_wanted(tmp_path: Path) -> None:
    path = write(tmp_path, document('<rect width="20" height="20" fill="red"/>'))
    assert opened(run("image/convert", path, {"format": "png"})).size == (125, 62)  # 300 dpi
    large = opened(run("image/resize", path, {"width": 1000}))
    assert large.size == (1000, 500)
    edge = [large.getpixel((x, 250))[3] for x in (498, 501)]  # type: ignore[index]
    assert edge == [255, 0]  # scaled-up pixels would be blurred here
    assert opened(run("image/resize", path, {"width": 60, "height": 60, "fit": "fill"})).size == (60, 60)


def test_drawing_stays_within_the_megapixel_limit(tmp_path: Path) -> None:
    path = write(tmp_path, document(attributes='width="900" height="900"'))
    image = svg.rasterise(path, (2812, 2812), Limits(max_megapixels=1))
    assert image.size == (1000, 1000)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
        '<iframe xmlns="http://www.w3.org/1999/xhtml" src="http://evil.example"/>',
        '<image href="http://evil.example/a.png" width="9" height="9"/>',
        '<image xlink:href="file:///etc/passwd" width="9" height="9"/>',
        '<image href="data:image/png;base64,AAAA" width="9" height="9"/>',
        '<rect onload="evil()" onclick="evil()" ONMOUSEOVER="evil()"/>',
        '<a href="javascript:evil()"><rect/></a>',
        '<a xlink:href="  java&#10;script:evil()"><rect/></a>',
        '<a href="data:text/html,evil"><rect/></a>',
        '<use href="http://evil.example/a.svg#x"/>',
        '<use href="other.svg#evil"/>',
        '<filter><feImage href="http://evil.example"/></filter>',
        '<rect fill="url(http://evil.example)"/>',
        '<rect fill="URL( &quot;//evil.example/x&quot; )"/>',
        '<rect style="fill:url(file:///evil)"/>',
        '<rect style="fill:\\75rl(http://evil.example)"/>',
        "<style>@import url(http://evil.example);</style>",
        "<style>@\\69mport 'http://evil.example';</style>",
        "<style><![CDATA[ rect { fill: url(http://evil.example) } ]]></style>",
        "<style>@font-face { src: url(#evil) }</style>",
        '<animate attributeName="href" to="javascript:evil()"/>',
        '<set attributeName="onload" to="evil()"/>',
        '<animateTransform attributeName="transform" to="evil"/>',
        '<handler xmlns="http://www.w3.org/2000/svg">evil</handler>',
        '<mpath href="#evil"/>',
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd#evil"/>',
        '<metadata><rdf xmlns="urn:x">evil</rdf></metadata>',
        '<rect href="evil" class="ok"/>',
        '<rect evil="1"/>',
        "<?php evil ?>",
        "<!-- evil -->",
    ],
)
def test_what_could_do_harm_is_gone(body: str) -> None:
    result = cleaned(document(body)).lower()
    for trace in (
        "evil",
        "script",
        "http://evil",
        "etc/passwd",
        "data:",
        "alert",
        "animate",
        "import",
        "<image",
    ):
        assert trace not in result.replace("http://www.w3.org", ""), result


def test_what_is_harmless_stays() -> None:
    body = (
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient></defs>'
        "<style>rect{stroke:url(#g)}</style>"
        '<g transform="rotate(3)"><rect fill="url(#g)" style="opacity:.5"/><use xlink:href="#g"/>'
        '<text xml:space="preserve"> a <tspan>b</tspan> c</text></g>'
    )
    result = cleaned(document(body))
    kept = "stop-color", "stroke:url(#g)", "rotate(3)", 'fill="url(#g)"', "opacity:.5", "tspan>", "preserve"
    for part in (*kept, 'href="#g"'):
        assert part in result


def test_style_sheets_work(tmp_path: Path) -> None:
    image = draw(tmp_path, document('<style>.a{fill:red}</style><rect class="a" width="40" height="20"/>'))
    assert image.getpixel((5, 5)) == (*RED, 255)


def doctype(subset: str) -> str:
    return f'<?xml version="1.0"?><!DOCTYPE svg [{subset}]>'


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x PUBLIC "a" "http://127.0.0.1:1/x">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;',
        "<!ENTITY % x \"<!ENTITY y 'z'>\"> %x;",
        '<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">',
        '<!ENTITY a "&#38;b;">',
        '<!ENTITY a "<script/>">',
        f'<!ENTITY a "{"x" * 5000}">',
        "".join(f'<!ENTITY a{number} "x">' for number in range(100)),
    ],
)
def test_dangerous_entities_are_refused(tmp_path: Path, subset: str) -> None:
    path = write(tmp_path, document("<text>&x;</text>", prolog=doctype(subset)))
    with pytest.raises(InvalidInput, match=r"^Invalid image: the SVG declares entities"):
        look(path)
    with pytest.raises(InvalidInput):
        svg.rasterise(path, None, Limits())


def test_the_entities_of_illustrator_are_read(tmp_path: Path) -> None:
    prolog = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1:1/svg11.dtd" ['
        '<!ENTITY ns_svg "http://www.w3.org/2000/svg">]>'
    )
    text = prolog + '<svg xmlns="&ns_svg;" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>'
    assert draw(tmp_path, text).getpixel((4, 4)) == (*RED, 255)


def test_a_secret_file_never_shows_in_the_picture(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (40, 20), "red").save(secret)
    for href in (str(secret), secret.as_uri(), "secret.png"):
        image = draw(tmp_path, document(f'<image href="{href}" width="40" height="20"/>'))
        assert image.getchannel("A").getbbox() is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (document("<g/>" * 5001), "SVG_TOO_COMPLEX"),
        (document("<g>" * 150 + "</g>" * 150), "SVG_TOO_COMPLEX"),
        (document("<g>"), "INVALID_IMAGE"),
        ("<svg", "INVALID_IMAGE"),
        (b"<svg \xff\xfe\x00", "INVALID_IMAGE"),
        ('<?xml version="1.0" encoding="bogus"?>' + document(), "INVALID_IMAGE"),
        ('<?xml version="1.0"?><html><svg/></html>', "INVALID_IMAGE"),
        ('<?xml version="1.0"?><svg xmlns="urn:other"/>', "INVALID_IMAGE"),
        ("<svg>" + "&amp;" * 10 + "&undefined;</svg>", "INVALID_IMAGE"),
        (gzip.compress(document("<g/>" * 100).encode())[:-20], "INVALID_IMAGE"),
    ],
)
def test_bad_documents_are_refused_when_they_arrive(tmp_path: Path, text: str | bytes, code: str) -> None:
    with pytest.raises(InvalidInput, match=r"^Invalid image: ") as caught:
        look(write(tmp_path, text))
    assert caught.value.code == code


@pytest.mark.parametrize("compressed", [False, True])
def test_the_size_limit_counts_what_is_inside(tmp_path: Path, compressed: bool) -> None:
    text = document("<desc>" + "x" * 100_000 + "</desc>").encode()
    path = write(tmp_path, gzip.compress(text) if compressed else text)
    look(path, Limits(max_svg_bytes=200_000))
    with pytest.raises(InvalidInput) as caught:
        look(path, Limits(max_svg_bytes=50_000))
    assert caught.value.code == "SVG_TOO_LARGE"


class PanicException(BaseException):
    """As pyo3 names what a panic in Rust becomes."""


@pytest.mark.parametrize("failure", [ValueError("no"), PanicException("index out of bounds")])
def test_a_renderer_that_gives_up_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def fail(**options: object) -> None:
        raise failure

    monkeypatch.setattr("resvg_py.svg_to_bytes", fail)
    with pytest.raises(ToolError) as caught:
        svg.rasterise(write(tmp_path, document()), None, Limits())
    assert caught.value.code == "DECODE_FAILED"
