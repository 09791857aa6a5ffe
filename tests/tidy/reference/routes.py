"""docs/reference/routes.md, from the routes of both halves and what each asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flask import Flask
from flask_openapi3.openapi import OpenAPI
from werkzeug.routing import Rule

from central.foundation.people.roles import ROLES, Permission
from central.foundation.web.permission import needed_by
from tests.tidy.reference.markdown import code, table


class Halves(NamedTuple):
    """Unit and hub, put together."""

    unit: Flask
    hub: OpenAPI


def page(halves: Halves) -> Iterator[str]:
    """Yield the page."""
    yield "# Addresses\n"
    yield "Everything the two halves answer to, and whom. A route that names nobody answers"
    yield "nobody.\n"
    yield "## The unit\n"
    yield "**anybody**; **api**: who shows the unit's API key, or a clerk who has logged in;"
    yield "**clerk**: a clerk who has logged in. What goes in and out under `/v1` stands in"
    yield "[the unit's API](api-unit.md); everything else is pages.\n"
    yield table(("method", "address", "for"), _rows(halves.unit, unit_asks_for))
    yield "\n## The hub\n"
    yield "**anybody**; **unit**: a unit that signs its request, see [the contract](contract.md);"
    yield "**person**: who has logged in; otherwise the permission that the role of the person or"
    yield "API key must have. What goes in and out under `/v1` stands in"
    yield "[the hub's API](api-hub.md); everything else is pages.\n"
    yield table(("method", "address", "for"), _rows(halves.hub, needed_by))
    yield "\n### Roles\n"
    roles = sorted(ROLES)
    yield table(("permission", *roles), (_of_permission(p, roles) for p in Permission))


def unit_asks_for(app: Flask, endpoint: str) -> str | None:
    """Return whom a view of the unit is for; None if it has not said."""
    whom = getattr(app.view_functions[endpoint], "allowed_for", None)
    return str(whom.value) if whom else None


def _rows(app: Flask, asks_for: Callable[[Flask, str], str | None]) -> Iterator[tuple[str, ...]]:
    for address, rule in sorted((address_of(rule), rule) for rule in shown(app)):
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        yield methods, code(address), str(asks_for(app, rule.endpoint) or "nobody")


def shown(app: Flask) -> list[Rule]:
    """Return the routes of a half, without that of its pictures and styles."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address_of(rule: Rule) -> str:
    """Return an address as a person writes it: ``/v1/redemptions/<epoch>/<seq>``."""
    return re.sub(r"<[^:>]*:", "<", rule.rule)


def _of_permission(permission: Permission, roles: list[str]) -> tuple[str, ...]:
    return code(permission), *("✓" if permission in ROLES[role] else "" for role in roles)
