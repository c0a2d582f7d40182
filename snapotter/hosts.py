"""Which host names this server answers to.

A page of anywhere can let its own name lead to this server (DNS rebinding), which is its own origin then.
Where people sign in it gains nothing: their cookie is for another name. Where nobody does, the name is all
that tells it apart: answered are only names that nobody elsewhere can own, and configured ones.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

# Nobody can register these for the public DNS: RFC 6762, RFC 8375, RFC 6761, ICANN's private use, and a habit
_PRIVATE: Final = (".local", ".home.arpa", ".localhost", ".internal", ".lan")


def unknown_host(request: HttpRequest) -> str | None:
    """The name that `request` has for this server where it goes by no such name. Raises DisallowedHost."""
    if settings.AUTH_ENABLED and not settings.KNOWN_HOSTS:
        return None
    # Both: behind a proxy get_host() is what a header says that any page may send where there is no proxy.
    named = (request.get_host(), request.META.get("HTTP_HOST") or request.get_host())
    domains = [split_domain_port(host)[0] or host for host in named]
    return next((domain for domain in domains if not _is_known(domain)), None)


def _is_known(domain: str) -> bool:
    """Whether it is configured, or can be no name of somebody else."""
    configured = [*settings.KNOWN_HOSTS, urlsplit(settings.EXTERNAL_URL).hostname or ""]
    return validate_host(domain, configured) or _is_address(domain) or _is_private(domain)


def _is_address(domain: str) -> bool:
    try:
        ip_address(domain.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _is_private(domain: str) -> bool:
    """A container, a machine of the house, localhost."""
    return "." not in domain or domain.endswith(_PRIVATE)
