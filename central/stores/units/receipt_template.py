"""What stands on a store group's receipts: the version in force, and all that were before it."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.feed import next_change
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.stores.units.tables import ReceiptTemplateRow
from edge.contract.bundle import LOCALES
from edge.contract.ids import StoreGroup
from edge.contract.receipt_template import USUAL_LINES, Logo, ReceiptTemplate
from edge.contract.signed import MessageInvalid

VERSIONS_SHOWN = 50


class TemplateVersion(NamedTuple):
    """One change.

    Args:
        changed_by: Empty for one that is older than this record, and for the first.
        back_to: The earlier version that was put back; None for a new one.
    """

    version: int
    changed_by: str
    changed_at_s: int
    back_to: int | None


class Receipts(NamedTuple):
    """A store group, and the newest change of its receipts."""

    group: StoreGroup
    stores: tuple[str, ...]
    newest: TemplateVersion


def template_of(group: StoreGroup) -> ReceiptTemplate:
    """Return the template in force; NotFound if there is no such group."""
    row = ReceiptTemplateRow.get_or_none(ReceiptTemplateRow.store_group == group)
    if row is None:
        raise NotFound(f"There is no receipt template for store group {group}.")
    return _template(json.loads(row.body), row.changed_n)


def template_at(group: StoreGroup, version: int) -> ReceiptTemplate:
    """Return a template as it was in this version; NotFound if there was no such one."""
    found = rows(
        "SELECT body FROM receipt_template_version WHERE store_group = ? AND version = ?",
        (group, version),
    )
    if not found:
        raise NotFound(Saying("receipts-no-version", version=version))
    return _template(json.loads(found[0][0]), version)


def versions(group: StoreGroup, limit: int = VERSIONS_SHOWN) -> list[TemplateVersion]:
    """Return the newest changes of a group's receipts, newest first."""
    found = rows(
        "SELECT version, changed_by, changed_at_s, back_to FROM receipt_template_version"
        " WHERE store_group = ? ORDER BY version DESC LIMIT ?",
        (group, limit),
    )
    return [TemplateVersion(*row) for row in found]


def all_receipts() -> list[Receipts]:
    """Return every store group with the newest change of its receipts."""
    stores: dict[int, list[str]] = {}
    for group, name in rows("SELECT store_group, name FROM store ORDER BY store_group, id"):
        stores.setdefault(group, []).append(name)
    return [
        Receipts(StoreGroup(group), tuple(names), versions(StoreGroup(group), 1)[0])
        for group, names in stores.items()
    ]


def set_template(
    group: StoreGroup, template: ReceiptTemplate, *, by: str, at_s: int,
    based_on: int | None = None, back_to: int | None = None,
) -> int:  # fmt: skip
    """Change what stands on a group's receipts; return the new version.

    Args:
        template: Its own version is ignored.
        based_on: The version that the change was made from; None to change it whatever it is.
        back_to: The earlier version that this one repeats, if it does.

    Raises:
        NotFound: no such group. RequestInvalid: no unit could read it. Conflict: somebody else has
            changed it since ``based_on``.
    """
    try:
        # The units' own reader: one wrong word would stop every pull of the group.
        ReceiptTemplate.from_body(template.to_body())
    except (MessageInvalid, ValueError) as exc:
        raise RequestInvalid(N_("No unit could read this receipt template.")) from exc
    body = json.dumps(body_of(template))

    def write() -> int:
        if based_on is not None and template_of(group).version != based_on:
            raise Conflict(N_("Somebody else has changed these receipts meanwhile. Look again."))
        version = next_change()
        changed = (
            ReceiptTemplateRow.update(body=body, changed_n=version)
            .where(ReceiptTemplateRow.store_group == group)
            .execute()
        )
        if changed != 1:
            raise NotFound(f"There is no receipt template for store group {group}.")
        _remember(group, TemplateVersion(version, by, at_s, back_to), body)
        return version

    return int(money_transaction(write))


def put_back(group: StoreGroup, version: int, *, by: str, at_s: int) -> int:
    """Put an earlier version into force again, as a new one; return that."""
    template = template_at(group, version)
    return set_template(group, template, by=by, at_s=at_s, back_to=version)


def renew(at_s: int) -> None:
    """Give every template a new version that says the same; call it in a transaction."""
    for row in ReceiptTemplateRow.select().order_by(ReceiptTemplateRow.store_group):
        before, row.changed_n = row.changed_n, next_change()
        row.save()
        back = TemplateVersion(row.changed_n, "", at_s, before)
        _remember(StoreGroup(row.store_group), back, row.body)


def first_template(group: StoreGroup, changed_n: int, at_s: int) -> None:
    """Give a new group its template; to be called in its transaction."""
    body = json.dumps(body_of(ReceiptTemplate(0, LOCALES)))
    ReceiptTemplateRow.create(store_group=group, body=body, changed_n=changed_n)
    _remember(group, TemplateVersion(changed_n, "", at_s, None), body)


def body_of(template: ReceiptTemplate) -> dict[str, Any]:
    """Return a template as JSON has it. The logo's dots are in base64."""
    logo = template.logo
    return {
        "locales": list(template.locales),
        "header": {k: list(v) for k, v in template.header.items()},
        "footer": {k: list(v) for k, v in template.footer.items()},
        "lines": [str(line) for line in template.lines],
        "logo": None
        if logo is None
        else {
            "width_dots": logo.width_dots,
            "height_dots": logo.height_dots,
            "bits_base64": base64.b64encode(logo.bits).decode(),
        },
        "holder_link": template.holder_link,
    }


def template_from_body(body: Any) -> ReceiptTemplate:
    """Return the template that JSON describes; RequestInvalid for anything else."""
    known = {"locales", "header", "footer", "lines", "logo", "holder_link"}
    if not isinstance(body, dict) or set(body) - known:
        raise RequestInvalid(f"A receipt is an object of {', '.join(sorted(known))}.")
    try:
        template = _template({"header": {}, "footer": {}} | body, 0)
        # The units' own reader knows what is text, what a list, and how large a logo may be.
        return ReceiptTemplate.from_body(template.to_body())
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise RequestInvalid(N_("No unit could read this receipt template.")) from exc


def without_version(template: ReceiptTemplate) -> ReceiptTemplate:
    """Return it as something to be compared with another."""
    return dataclasses.replace(template, version=0)


def _template(body: dict[str, Any], version: int) -> ReceiptTemplate:
    logo = body.get("logo")
    return ReceiptTemplate(
        version=version,
        locales=tuple(body["locales"]),
        header={k: tuple(v) for k, v in body["header"].items()},
        footer={k: tuple(v) for k, v in body["footer"].items()},
        lines=tuple(body.get("lines", USUAL_LINES)),
        logo=logo
        and Logo(logo["width_dots"], logo["height_dots"], base64.b64decode(logo["bits_base64"])),
        holder_link=body.get("holder_link", ""),
    )


def _remember(group: StoreGroup, version: TemplateVersion, body: str) -> None:
    change(
        "INSERT INTO receipt_template_version"
        " (store_group, version, body, changed_by, changed_at_s, back_to)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (group, version.version, body, version.changed_by, version.changed_at_s, version.back_to),
    )
