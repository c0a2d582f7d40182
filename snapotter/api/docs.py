"""The API reference for people (Swagger UI, shipped with us) and for programs (OpenAPI)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.views import SpectacularSwaggerSplitView, SpectacularYAMLAPIView

# Swagger UI styles its elements inline; scripts stay ours alone
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


class Reference(SpectacularSwaggerSplitView):
    schema = None  # the reference does not describe itself
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    url_name = "openapi"
    url_self = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.headers["Content-Security-Policy"] = POLICY
        return response


class OpenAPI(SpectacularYAMLAPIView):
    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
