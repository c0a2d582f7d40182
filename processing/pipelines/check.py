"""What becomes of a picture in a pipeline, told before it runs from what the tools declare.

What is not known beforehand (the input, how much a crop leaves) is tried both ways: only what would happen in
each case is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Final

from processing.engine import encode
from processing.engine.chain import decides
from processing.engine.checks import check_output, check_readable
from processing.engine.formats import FORMATS
from processing.engine.request import Limits
from processing.engine.track import Step
from processing.pipelines.forecast import Foreseen, foresee
from processing.tooling import Encoding, InvalidInput, Size, SourceImage, ToolError, ToolUnavailable, Trait

_SMALL: Final = SourceImage("png", 200, 150, 2, has_alpha=True, bytes=0)
_UNKNOWN_INPUTS: Final = (_SMALL, replace(_SMALL, width=8000, height=6000))
"""An input that nothing is known of: of either size, and with all that could be lost."""
_SHRINKING: Final = (1.0, 0.05)
_LOSSES: Final[dict[Trait, str]] = {"alpha": "transparency_lost", "animation": "animation_lost"}


@dataclass(frozen=True)
class Finding:
    """`step` counts from 1."""

    code: str
    step: int
    message: str

    @classmethod
    def of(cls, code: str, step: Step, does: str) -> Finding:
        return cls(code, step.number, f"Step {step.number} ({step.tool.title}) {does}")


@dataclass(frozen=True)
class _Case:
    """A pipeline on one input, known or tried."""

    forecast: Sequence[Foreseen]
    is_known: bool
    limits: Limits


_Rule = Callable[[_Case], Iterator[Finding]]


def warnings(steps: Sequence[Step], source: SourceImage | None, limits: Limits) -> list[Finding]:
    """What is lost or done in vain, in the order of the steps. `source` None: the input is not known yet."""
    return _certain((_lost, _enlarged_then_shrunk, _overridden, _written_twice), steps, source, limits)


def failures(steps: Sequence[Step], source: SourceImage | None, limits: Limits) -> list[Finding]:
    """The steps that are sure to fail, and why."""
    return _certain((_impossible,), steps, source, limits)


def _certain(
    rules: Sequence[_Rule], steps: Sequence[Step], source: SourceImage | None, limits: Limits
) -> list[Finding]:
    inputs = _UNKNOWN_INPUTS if source is None else (source,)
    cases = [
        _Case(list(foresee(steps, given, shrinking=shrinking)), source is not None, limits)
        for given, shrinking in product(inputs, _SHRINKING)
    ]
    found = [
        {(warning.step, warning.code): warning for rule in rules for warning in rule(case)} for case in cases
    ]
    certain = set.intersection(*(set(each) for each in found))
    return [found[0][key] for key in sorted(certain)]


def _lost(case: _Case) -> Iterator[Finding]:
    """Of an unknown input, only what a later step is there for."""
    for trait, code in _LOSSES.items():
        for index, seen in enumerate(case.forecast):
            if not _drops(seen, trait):
                continue
            name = _name_of(trait, seen.given)
            later = (following.step for following in case.forecast[index + 1 :])
            in_need = next((step for step in later if trait in step.tool.expects), None)
            if in_need is not None:
                yield Finding.of(code, seen.step, f"drops the {name} that {_named(in_need)} is there for.")
            elif case.is_known:
                yield Finding.of(code, seen.step, f"drops the {name} of the picture.")


def _drops(seen: Foreseen, trait: Trait) -> bool:
    return _has(seen.given, trait) and not _has(seen.result, trait)


def _has(source: SourceImage, trait: Trait) -> bool:
    return source.has_alpha if trait == "alpha" else source.frames > 1


def _name_of(trait: Trait, source: SourceImage) -> str:
    if trait == "alpha":
        return "transparency"
    return "further pages" if FORMATS[source.format].frames == "pages" else "further frames"


def _enlarged_then_shrunk(case: _Case) -> Iterator[Finding]:
    larger: Step | None = None
    drawn = 0
    for seen in case.forecast:
        if not seen.step.tool.resamples:
            continue
        before, after = _area((seen.given.width, seen.given.height)), _area(seen.size)
        if after > before:
            larger, drawn = seen.step, before
        elif after < before and larger is not None:
            does = f"shrinks what {_named(larger)} has enlarged: that costs sharpness and time."
            yield Finding.of("enlarged_then_shrunk", seen.step, does)
            larger = larger if after > drawn else None  # from here on it only shrinks


def _area(size: Size) -> int:
    return size[0] * size[1]


def _overridden(case: _Case) -> Iterator[Finding]:
    """Steps that stay in memory are written once, so of two that say how, only the later one counts. What a
    step has done to the picture itself stays done."""
    for gone, later in _overrides(case.forecast):
        lossy = [seen for seen in gone if _costs_detail(seen) and _costs_detail(later)]
        if lossy:
            names = " and ".join(_named(seen.step) for seen in lossy)
            does = f"alone decides how much detail is given up, whatever {names} would:"
            yield Finding.of("lossy_twice", later.step, f"{does} the file is written once.")
        for seen in gone:
            if seen not in lossy and not _changes_the_picture(seen):
                does = "says in vain how to write the file: it is written once, as"
                yield Finding.of("without_effect", seen.step, f"{does} {_named(later.step)} says.")


def _overrides(forecast: Sequence[Foreseen]) -> Iterator[tuple[list[Foreseen], Foreseen]]:
    """The steps that say how to write, and the one that says it anew, with no file between them."""
    standing: list[Foreseen] = []
    for seen in forecast:
        if seen.step.tool.kind == "file":
            standing = []
        elif decides(seen.own):
            gone = [earlier for earlier in standing if _nothing_is_left(earlier.own, seen.own)]
            yield gone, seen
            standing = [*(earlier for earlier in standing if earlier not in gone), seen]


def _nothing_is_left(earlier: Encoding, later: Encoding) -> bool:
    """A quality alone leaves the format that was chosen before."""
    return later.format is not None or earlier.format is None


def _changes_the_picture(seen: Foreseen) -> bool:
    """By what its format cannot hold."""
    size = seen.result.width, seen.result.height
    return size != seen.size or any(_drops(seen, trait) for trait in _LOSSES)


def _costs_detail(seen: Foreseen) -> bool:
    if seen.own.max_bytes is not None or (seen.own.quality or encode.LOSSLESS) < encode.LOSSLESS:
        return True
    return seen.own.format is not None and seen.target.lossy


def _written_twice(case: _Case) -> Iterator[Finding]:
    """For a file tool the picture is written before it, and behind it again."""
    written = (seen for seen in case.forecast if seen.is_written and seen.step.tool.kind == "image")
    for earlier, later in pairwise(seen for seen in written if seen.target.lossy):
        does = f"writes {later.target.title} again, after {_named(earlier.step)}: detail is lost each time."
        yield Finding.of("lossy_twice", later.step, does)


def _impossible(case: _Case) -> Iterator[Finding]:
    for seen in case.forecast:
        try:
            check_readable(seen.step.tool, seen.given)
            encode.ensure_writable(seen.target.id)
            check_output(seen.size, case.limits)
            encode.check_sides(seen.size, seen.target)
        except InvalidInput as error:
            yield Finding.of("unreadable_format", seen.step, f"will fail. {error.message}")
        except ToolUnavailable as error:
            yield Finding.of("unwritable_format", seen.step, f"will fail. {error.message}")
        except ToolError as error:
            yield Finding.of("too_large", seen.step, f"will fail. {error.details}")


def _named(step: Step) -> str:
    return f"step {step.number} ({step.tool.title})"
