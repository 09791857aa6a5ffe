"""What the buyer of a SKU is asked for: the fields of its type and, of a bundle, of its parts.

A part's field is called ``PART.field``, so that two parts may ask for the same; what is said
counts for every piece of that part. What the bundle asks for itself, by the same name and of the
same kind, is asked once, and has to suit the part too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from central.supply.catalogue import shelf
from central.supply.catalogue.model import Offered
from central.supply.product_types.fields import Checked, check_fields
from central.supply.product_types.model import Field

_COLONS = {"zh-CN": "：", "en": ": "}
Versions = Mapping[str, int]
"""Of each SKU that a unit of an order is of, which version of its type counts."""


def versions_of(offered: Offered) -> Versions:
    """Return the versions in which a SKU, or the parts of a bundle, are sold just now."""
    if not offered.sku.parts:
        return {offered.sku.id: offered.type.version}
    return {part.sku: shelf.offered(part.sku).type.version for part in offered.sku.parts}


def asked_for(offered: Offered, versions: Versions) -> tuple[Field, ...]:
    """Return the fields that the buyer fills in.

    Args:
        versions: As ``versions_of`` returns them, now or when an order was placed. A part that is
            not in it asks for nothing: an order from before parts had fields of their own.
    """
    own = {field.id: field for field in offered.type.body.fields}
    parts: list[Field] = []
    for part, field in _of_parts(offered, versions):
        shared = own.get(field.id)
        if shared is not None and shared.kind is field.kind:
            own[field.id] = replace(
                shared, is_required=shared.is_required or field.is_required,
                is_pii=shared.is_pii or field.is_pii,
            )  # fmt: skip
        else:
            parts.append(_named(part, field))
    return (*own.values(), *parts)


def check_asked(offered: Offered, typed: Mapping[str, Any], versions: Versions) -> Checked:
    """Return what was typed, cleaned, or all that is wrong with it."""
    asked = asked_for(offered, versions)
    checked = check_fields(asked, typed)
    names = {field.id for field in asked}
    faults = dict(checked.faults)
    for part, field in _of_parts(offered, versions):
        if f"{part.sku.id}.{field.id}" not in names and field.id not in faults:
            faults |= check_fields((field,), {field.id: typed.get(field.id)}).faults
    return Checked({} if faults else checked.values, faults)


def told_to(sku: str, told: Mapping[str, str]) -> dict[str, str]:
    """Return what of all that a buyer has told a unit of a SKU is given, by its type's names."""
    own = {name.removeprefix(f"{sku}."): text for name, text in told.items()
           if name.startswith(f"{sku}.")}  # fmt: skip
    return {name: text for name, text in told.items() if "." not in name} | own


def _of_parts(offered: Offered, versions: Versions) -> Iterator[tuple[Offered, Field]]:
    for part in offered.sku.parts:
        if part.sku in versions:
            found = shelf.offered(part.sku, versions[part.sku])
            for field in found.type.body.fields:
                yield found, field


def _named(part: Offered, field: Field) -> Field:
    labels = {
        locale: f"{part.item.names[locale]} · {part.sku.names[locale]}{_COLONS[locale]}{label}"
        for locale, label in field.labels.items()
    }
    return replace(field, id=f"{part.sku.id}.{field.id}", labels=labels)
