"""Whom an address stands for, where requests are counted by address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

IPV6_SITE: Final = 64  # what one customer of a provider gets whole


def site_of(address: str) -> str:
    """The address itself; of IPv6 its /64, as a customer has 2^64 of them to choose from."""
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_SITE), strict=False))
