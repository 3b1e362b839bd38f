"""The providers there are.

``manual`` and ``bank`` are people: a cash box, a transfer that was seen on a statement. They move the money first and
tell afterwards, so they never decline and always answer. ``gateway`` is a payment gateway over HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import Invalid
from data.payments.provider import ByHand, Provider

if TYPE_CHECKING:
    from data.settings import Settings

__all__ = ["PROVIDERS", "provider_of"]

PROVIDERS = ("manual", "bank", "gateway")


def provider_of(settings: Settings, name: str) -> Provider:
    """Return the provider called ``name``. Raises ``Invalid`` for one there is none of, or that is not configured."""
    if name in ("manual", "bank"):
        return ByHand()
    if name != "gateway":
        raise Invalid({"provider": f"{name!r} is not one of {', '.join(PROVIDERS)}"})
    if not settings.gateway_url:
        raise Invalid({"provider": "no gateway is configured (gateway_url)"})
    from data.payments.gateway import Gateway

    return Gateway(settings.gateway_url)
