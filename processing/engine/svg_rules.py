"""What of SVG is drawn: an allow-list. Everything that runs, moves, embeds, links or fetches is absent from
it.

Elements and attributes are those of SVG 1.1 and 2 that describe a still picture.
"""

from __future__ import annotations

import re

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

_ELEMENT_NAMES = """
    svg g defs symbol use switch title desc a style path rect circle ellipse line polyline polygon
    text tspan textPath linearGradient radialGradient stop pattern clipPath mask marker filter
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting
    feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur
    feImage feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile
    feTurbulence
"""
ELEMENTS = frozenset(_ELEMENT_NAMES.split())

_ATTRIBUTE_NAMES = """
    id class style href lang type media x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width
    height transform viewBox preserveAspectRatio pathLength rotate textLength lengthAdjust
    startOffset side method spacing gradientUnits gradientTransform spreadMethod offset patternUnits
    patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits mask-type
    markerUnits markerWidth markerHeight refX refY orient filterUnits primitiveUnits in in2 result
    mode operator k1 k2 k3 k4 values tableValues slope intercept amplitude exponent order
    kernelMatrix divisor bias targetX targetY edgeMode kernelUnitLength preserveAlpha surfaceScale
    diffuseConstant specularConstant specularExponent limitingConeAngle pointsAtX pointsAtY
    pointsAtZ azimuth elevation z scale xChannelSelector yChannelSelector stdDeviation radius
    baseFrequency numOctaves seed stitchTiles requiredFeatures systemLanguage alignment-baseline
    baseline-shift clip-path clip-rule color color-interpolation color-interpolation-filters
    direction display dominant-baseline enable-background fill fill-opacity fill-rule filter
    flood-color flood-opacity font font-family font-size font-size-adjust font-stretch font-style
    font-variant font-weight image-rendering isolation kerning letter-spacing lighting-color marker
    marker-end marker-mid marker-start mask mix-blend-mode opacity overflow paint-order
    shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration
    text-rendering transform-box transform-origin unicode-bidi vector-effect visibility white-space
    word-spacing writing-mode
"""
ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())

_URL = re.compile(r"url\s*\(\s*[\"']?\s*([^\"')\s]*)", re.IGNORECASE)
_IMPORT = re.compile(r"@\s*(import|namespace|font-face|document)", re.IGNORECASE)


def local_references(value: str) -> list[str]:
    """The ids named by `url(#id)` in an attribute or style sheet."""
    return [target[1:] for target in _URL.findall(value) if target.startswith("#")]


def is_safe(value: str) -> bool:
    """Every `url()` stays in the document, and nothing is spelled with escapes to look otherwise."""
    if "\\" in value or _IMPORT.search(value):
        return False
    return all(target.startswith("#") for target in _URL.findall(value))


def attribute_name(qualified: str) -> str | None:
    """The name under which an attribute may stay, in ElementTree's `{namespace}local` form."""
    if qualified == f"{{{XLINK}}}href":
        return "href"
    if qualified in {f"{{{XML}}}space", f"{{{XML}}}lang"} or qualified in ATTRIBUTES:
        return qualified
    return None


def element_name(tag: object) -> str | None:
    """The local name of an allowed element; old files leave the namespace out."""
    if not isinstance(tag, str):  # comments and processing instructions
        return None
    namespace, _, local = tag.rpartition("}")
    return local if namespace in {"", f"{{{SVG}"} and local in ELEMENTS else None
