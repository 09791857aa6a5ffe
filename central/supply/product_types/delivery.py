"""What the buyer sees when it is delivered: a text with places. Pure.

A template holds no code: ``{name}`` is replaced by a value, once, and a value is never looked at
for places again. Pages escape the result like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from central.supply.product_types.model import Fulfilment, TypeBody

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ALWAYS = ("order", "item", "sku", "quantity", "until")
_BY_FULFILMENT = {
    Fulfilment.LOCAL_KEY: ("key",),
    Fulfilment.SUPPLIER_KEY: ("key",),
    Fulfilment.DIRECT_TOPUP: ("reference",),
    Fulfilment.LINK: ("link",),
    Fulfilment.OWN_VOUCHER: ("voucher",),
    Fulfilment.MANUAL: ("note",),
    Fulfilment.BUNDLE: ("parts",),
}


class PlaceUnknown(ValueError):
    """A template has a place that nothing is put into, or a brace that belongs to none."""


class NothingToDeliver(ValueError):
    """What a template needs was not given: an empty text is never delivered as a key."""


def places(fulfilment: Fulfilment) -> tuple[str, ...]:
    """Return what can be put into a template besides the fields."""
    return _BY_FULFILMENT[fulfilment] + _ALWAYS


def main_place(fulfilment: Fulfilment) -> str:
    """Return the place without which a buyer would not get what was bought; maybe none."""
    is_said_here = fulfilment not in {Fulfilment.DIRECT_TOPUP, Fulfilment.MANUAL}
    return _BY_FULFILMENT[fulfilment][0] if is_said_here else ""


def checked_template(text: str, fulfilment: Fulfilment, fields: Collection[str]) -> None:
    """Refuse a template that could not be rendered.

    Raises:
        PlaceUnknown: there is a place for nothing; the message is the place.
    """
    known = {*places(fulfilment), *fields}
    for name in _PLACE.findall(text):
        if name not in known:
            raise PlaceUnknown(f"{{{name}}}")
    rest = _PLACE.sub("", text)
    if stray := re.search(r"[{}]", rest):
        raise PlaceUnknown(rest[stray.start() : stray.start() + 20])


def render(
    body: TypeBody, locale: str, given: Mapping[str, str], fields: Mapping[str, object]
) -> str:
    """Return what the buyer sees, plain text.

    Args:
        given: What is delivered: ``key``, ``link``, …, ``order``, ``item``, ``sku``.
        fields: What the buyer has said, as ``check_fields`` cleaned it; what he need not say and
            did not is shown as a dash.

    Raises:
        NothingToDeliver: a place of the template is not given, or empty.
    """
    values = {one.id: "–" for one in body.fields if not one.is_required}
    values |= {name: str(value) for name, value in fields.items()}
    values |= given

    def put(place: re.Match[str]) -> str:
        value = values.get(place[1], "")
        if not value.strip():
            raise NothingToDeliver(place[1])
        return value

    return _PLACE.sub(put, body.delivery[locale])
