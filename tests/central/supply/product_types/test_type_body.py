"""A version of a type is written as it was read; what cannot be is told with its place."""

from __future__ import annotations

from typing import Any

import pytest

from central.supply.product_types.model import Fulfilment
from central.supply.product_types.type_body import TypeInvalid, read, to_body
from tests.central.supply.product_types.builders import a_body, a_field, both

CHOICES = [{"value": "cn", "label": both("国服", "China")}]


def test_a_version_is_written_as_it_was_read() -> None:
    body = a_body(
        a_field(pattern="[A-Z]+", min=2, max=9, help=both("大写", "Capitals")),
        a_field("age", "number", min=0, required=False),
        a_field("born", "date", min="1900-01-01", max="2030-01-01"),
        a_field("server", "choice", choices=CHOICES),
        a_field("phone", "phone"),
        delivery="{key}\n{account}",
        validity={"kind": "days", "days": 30},
    )
    found = read(body, Fulfilment.LOCAL_KEY)
    assert read(to_body(found), Fulfilment.LOCAL_KEY) == found
    assert [field.is_pii for field in found.fields] == [False, False, False, False, True]
    assert found.validity.ends_at_s(1_000) == 1_000 + 30 * 86_400


@pytest.mark.parametrize(
    ("body", "where", "told"),
    [
        ([], "", "an object"),
        ({"fields": {}}, "", "a list"),
        (a_body(extra=1), "", "nobody knows"),
        (a_body(a_field("Account")), "1", "a-z"),
        (a_body(a_field(kind="colour")), "account", "no such kind"),
        (a_body(a_field(), a_field()), "", "same name"),
        (a_body(a_field("key")), "key", "this name already"),
        (a_body(a_field(label={"en": "A"})), "account", "missing in one"),
        (a_body(a_field(label=both("账", "x" * 129))), "account", "too long"),
        (a_body(a_field(label=both("账", "a\nb"))), "account", "cannot be seen"),
        (a_body(a_field(required="yes")), "account", "true or false"),
        (a_body(a_field(pattern="a\ud800")), "account", "not understood"),
        (a_body(a_field(pattern="(")), "account", "not understood"),
        (a_body(a_field(kind="number", pattern="1")), "account", "Only a text"),
        (a_body(a_field(kind="phone", min=1)), "account", "least and a most"),
        (a_body(a_field(min=5, max=2)), "account", "more than the most"),
        (a_body(a_field(kind="date", min="2026-13-01")), "account", "2026-04-11"),
        (a_body(a_field(max=501)), "account", "no number"),
        (a_body(a_field(max=1.5)), "account", "no number"),
        (a_body(a_field(max=True)), "account", "no number"),
        (a_body(a_field(kind="choice")), "account", "1 to 200"),
        (a_body(a_field(choices=CHOICES)), "account", "Only a choice"),
        (a_body(a_field(kind="choice", choices=CHOICES * 2)), "account", "for the same"),
        (a_body(*[a_field(f"f{n}") for n in range(31)]), "", "30 fields"),
        (a_body(delivery="{key} {secret}"), "delivery", "nothing is put into"),
        (a_body(delivery="{key} {{"), "delivery", "nothing is put into"),
        (a_body(delivery="{key} {key.code}"), "delivery", "nothing is put into"),
        (a_body(delivery="thanks"), "delivery", "does not show"),
        (a_body(delivery=""), "delivery", "missing in one"),
        (a_body(validity={"kind": "days", "days": 0}), "validity", "36500"),
        (a_body(validity={"kind": "days", "days": True}), "validity", "36500"),
        (a_body(validity={"kind": "sometimes"}), "validity", "unlimited"),
    ],
    ids=lambda value: ascii(value)[-40:],
)
def test_what_cannot_be_is_told_with_its_place(body: Any, where: str, told: str) -> None:
    with pytest.raises(TypeInvalid) as error:
        read(body, Fulfilment.LOCAL_KEY)
    assert error.value.where == where
    assert told in error.value.sentence
