"""Types as a person would write them."""

from __future__ import annotations

from typing import Any

from central.supply.product_types.model import Fulfilment, TypeBody
from central.supply.product_types.type_body import read


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh-CN": zh, "en": en}


def a_field(name: str = "account", kind: str = "text", **bent: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "label": both("账号", "Account"), **bent}


def a_body(*fields: dict[str, Any], delivery: str = "{key}", **bent: Any) -> dict[str, Any]:
    return {"fields": list(fields), "delivery": both(delivery, delivery), **bent}


def parsed(*fields: dict[str, Any], **bent: Any) -> TypeBody:
    return read(a_body(*fields, **bent), Fulfilment.LOCAL_KEY)
