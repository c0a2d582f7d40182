"""`/api/v1/settings/logo`: the installation's own logo."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.caller import user_of
from processing import branding
from processing.uploads import uploads_of
from snapotter.common.endpoint import PUBLIC, Endpoint, ErrorBody, Ok, operation
from snapotter.common.errors import NotFound
from snapotter.common.multipart import MultiPartParser

TAGS = ["Branding"]
_UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}


class Logo(Endpoint):
    parser_classes = (MultiPartParser,)

    @operation(
        access=PUBLIC,
        summary="The logo, a PNG of at most 128 by 128 pixels; 404 when there is none",
        tags=TAGS,
        parameters=[OpenApiParameter("v", str, description="The version, to be kept for ever.")],
        responses={(200, "image/png"): OpenApiTypes.BINARY, "default": ErrorBody},
    )
    def get(self, request: Request) -> Any:
        logo = branding.logo()
        if logo is None:
            raise NotFound("There is no logo")
        return _answer(request._request, logo)

    @operation(
        access="settings:write",
        request=_UPLOAD,
        answers=Ok,
        summary="Show another logo: any image, which is made to fit and written anew as PNG",
        tags=TAGS,
        per_minute=60,
    )
    def post(self, request: Request) -> Ok:
        uploads = uploads_of(request.FILES)
        branding.logo_change(user=user_of(request), upload=uploads[0] if uploads else None)
        return Ok()

    @operation(access="settings:write", answers=Ok, summary="Show our logo again", tags=TAGS)
    def delete(self, request: Request) -> Ok:
        branding.logo_remove(user=user_of(request))
        return Ok()


def _answer(request: HttpRequest, logo: branding.Logo) -> HttpResponse:
    """An address with the version of the content, as pages have it, may be kept; any other is asked anew."""
    response = HttpResponse(logo.content, content_type="image/png")
    etag, modified = f'"{logo.version}"', int(logo.modified)
    known = request.GET.get("v") == logo.version
    response["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(modified)
    return get_conditional_response(request, etag, modified, response) or response
