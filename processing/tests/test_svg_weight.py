from __future__ import annotations

from pathlib import Path

import pytest

from processing.tests.test_svg import RED, document, draw
from processing.tooling import InvalidInput, ToolError


def _chain(template: str, count: int) -> str:
    return "".join(template.format(n=number, before=number - 1) for number in range(1, count))


BOMBS = {
    "use that doubles": "<defs><rect id='n0' width='1' height='1'/>"
    + _chain("<g id='n{n}'>" + "<use href='#n{before}'/>" * 10 + "</g>", 12)
    + "</defs><use href='#n11'/>",
    "use in a long row": "<rect id='n0' width='1' height='1'/>"
    + _chain("<use id='n{n}' href='#n{before}'/>", 4000),
    "the row backwards": "".join(f"<use id='n{n}' href='#n{n - 1}'/>" for n in range(4000, 0, -1))
    + "<g id='n0'/>",
    "patterns in patterns": "<pattern id='n0'/>"
    + _chain("<pattern id='n{n}' width='1' height='1'><rect fill='url(#n{before})'/></pattern>", 400),
    "patterns by style": "<style>"
    + _chain(".c{n}{{fill:url(#n{before})}}", 400)
    + "</style><pattern id='n0'/>"
    + _chain("<pattern id='n{n}' width='1' height='1'><rect class='c{n}'/></pattern>", 400),
    "masks of masks": "<mask id='n0'/>" + _chain("<mask id='n{n}' mask='url(#n{before})'/>", 400),
}


@pytest.mark.parametrize("name", BOMBS)
def test_references_that_multiply_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        draw(tmp_path, document(BOMBS[name]))
    assert caught.value.code == "SVG_TOO_COMPLEX"


def test_an_element_that_uses_itself_is_left_out(tmp_path: Path) -> None:
    body = '<g id="a"><use href="#a"/></g><rect width="40" height="20" fill="red"/>'
    assert draw(tmp_path, document(body)).getpixel((5, 5)) == (*RED, 255)


def test_elements_that_use_each_other_end_in_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        draw(tmp_path, document('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'))
    assert caught.value.code == "DECODE_FAILED"


def test_deep_but_decent_nesting_is_drawn(tmp_path: Path) -> None:
    body = '<g opacity="1">' * 90 + '<rect width="40" height="20" fill="red"/>' + "</g>" * 90
    assert draw(tmp_path, document(body)).getpixel((5, 5)) == (*RED, 255)
