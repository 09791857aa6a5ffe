"""The API for programs: what it says, and that it says nothing that it has not described."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from central.foundation.people import login
from central.stores.units.revoke import revoke as revoke_unit
from central.stores.vouchers.status import suspend
from edge.contract.ids import VoucherId
from tests import builders as b
from tests.central.builders import (
    GIFT,
    Database,
    Till,
    a_voucher,
    an_app,
    enrolled,
)
from tests.central.supply.cards.builders import a_vault


def live_through_a_day() -> Till:
    """Something of everything that the API can tell: applied, overspent, refused, unreadable."""
    till, other = enrolled(), enrolled("second")
    lunch, card = a_voucher(), a_voucher(GIFT, dynamic_required=True)
    till.accept(lunch)
    till.accept(card, 500, basket="order 1")
    till.void(till.accept(card, 700))
    till.refuse(voucher_id=lunch.voucher_id)
    till.garble()
    till.accept(VoucherId(0xABCDEF), clerk=None)
    other.accept(lunch, at_s=b.NOW_S + 5)
    till.deliver()
    other.deliver()
    other.begin_epoch(2)
    other.refuse(at_s=2**64 - 1)
    other.deliver()
    suspend(a_voucher().voucher_id)
    revoke_unit(enrolled("third").unit, b.NOW_S)
    return till


class Caller:
    """A program with an API key."""

    def __init__(self, app: Any, role: str = "viewer") -> None:
        self._client = app.test_client()
        self.headers = {"Authorization": f"Bearer {login.add_api_key(role, role, b.NOW_S)}"}

    def get(self, path: str, **query: object) -> Any:
        response = self._client.get(path, query_string=query, headers=self.headers)
        assert response.status_code == 200, response.text
        return response.json


@pytest.fixture
def caller(hub_database: Database) -> Caller:
    return Caller(an_app(hub_database))


def test_a_new_hub_has_nothing_to_tell(caller: Caller) -> None:
    assert caller.get("/v1/units") == {"units": []}
    assert caller.get("/v1/alarms") == {"alarms": []}
    assert caller.get("/v1/conflicts") == {"conflicts": []}
    assert caller.get("/v1/redemptions") == {"redemptions": [], "outcomes": {}}
    found = caller.get("/v1/ledger/trial-balance")
    assert found == {"balanced": True, "accounts": [], "findings": []}


def test_a_verifier_is_told_all_that_it_needs(caller: Caller) -> None:
    public = b.a_sign_key("issuer").public_key().public_bytes_raw().hex()
    assert caller.get("/v1/issuer") == {
        "id": b.ISSUER, "keys": [{"kid": 1, "public_key_hex": public}],
    }  # fmt: skip


def test_a_voucher_is_told_without_its_token(caller: Caller) -> None:
    card = a_voucher(GIFT, dynamic_required=True)
    found = caller.get(f"/v1/vouchers/{card.voucher_id:012x}")
    assert found.pop("batch").startswith("B")
    assert found == {
        "kid": 1, "voucher_id": f"{card.voucher_id:012x}", "product": 9, "value": 20000,
        "scope": 3, "not_before_day": 90, "expires_day": 200, "status_index": 0,
        "kind": "stored_value", "dynamic_required": True, "online_only": False,
        "status": "valid", "face_minor": 20000, "capacity": 20000, "region": "", "agent": "",
    }  # fmt: skip


def test_a_unit_is_told_with_how_far_its_journal_is_here(caller: Caller) -> None:
    till = enrolled()
    [unit] = caller.get("/v1/units")["units"]
    assert unit["acked"] is None
    till.refuse()
    till.deliver()
    [unit] = caller.get("/v1/units")["units"]
    assert unit == {
        "id": "S0412-K1", "store": "S0412", "state": "active",
        "hardware": "Raspberry Pi 4 · tearoff 0.1", "heard_at_s": None, "health": {},
        "acked": {"epoch": 1, "seq": 1, "head_hex": unit["acked"]["head_hex"]},
    }  # fmt: skip


def test_the_newest_redemptions_come_first(caller: Caller) -> None:
    live_through_a_day()
    found = caller.get("/v1/redemptions", limit=3)
    assert len(found["redemptions"]) == 3
    assert found["outcomes"] == {
        "applied": 3, "overspend": 1, "quarantined": 2, "recorded": 4,
    }  # fmt: skip
    everything = caller.get("/v1/redemptions", limit=500)["redemptions"]
    assert everything[:3] == found["redemptions"]
    assert {scan["kind"] for scan in everything} == {"redemption", "refusal", "void", "unreadable"}


def test_a_conflict_is_told_with_every_receipt(caller: Caller) -> None:
    live_through_a_day()
    [conflict] = caller.get("/v1/conflicts")["conflicts"]
    assert (conflict["face_minor"], conflict["excess_minor"]) == (8800, 8800)
    receipts = conflict["receipts"]
    assert [(r["unit"], r["covered_minor"]) for r in receipts] == [
        ("S0412-K1", 8800), ("S0412-K2", 0),
    ]  # fmt: skip


def test_a_statement_is_told_in_minor_units(caller: Caller) -> None:
    live_through_a_day()
    days = {"first": 20260401, "last": 20260430}
    found = caller.get("/v1/ledger/accounts/2310.S0412/statement", **days)
    assert (found["opening"], found["closing"]) == (0, 18100)
    assert [line["change"] for line in found["lines"]] == [8800, 500, 8800]
    balance = caller.get("/v1/ledger/trial-balance")
    assert balance["balanced"] is True
    assert balance["findings"] == []
    assert {a["code"]: a["credit"] - a["debit"] for a in balance["accounts"]}["2310.S0412"] == 18100


# --- nothing that it has not described -----------------------------------------------------------


class Described:
    """The API as it describes itself, with somebody who may call all of it."""

    def __init__(self, database: Database) -> None:
        app = an_app(database)
        live_through_a_day()
        a_vault(database.sqlite_file.parent)
        self.schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
        # Every call bears the key below; that it is asked for has tests of its own.
        self.schema.config.generation.update(with_security_parameters=False)
        self.headers = Caller(app, "admin").headers
        self.statuses: Counter[int] = Counter()

    def operations(self) -> list[Any]:
        return [found.ok() for found in self.schema.get_all_operations()]  # type: ignore[union-attr]

    def call(self, case: Any) -> int:
        """Call; anything undocumented, malformed, or a 5xx is an error."""
        # What is to be changed may suit its schema and still not be: no such level, rates that
        # are too much together. A 400 says so.
        unchecked = [] if case.method == "GET" else [positive_data_acceptance]
        response = case.call_and_validate(headers=self.headers, excluded_checks=unchecked)
        status = int(response.status_code)
        self.statuses[status] += 1
        return status


@pytest.fixture
def described(sqlite_database: Database) -> Described:
    return Described(sqlite_database)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_asked_the_answer_is_one_that_was_described(
    described: Described, mode: GenerationMode
) -> None:
    for operation in described.operations():
        # Bodies take ten times as long to invent as queries.
        examples = 60 if operation.method == "get" else 15

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            status = described.call(case)
            # What changes something may be refused for what is there already.
            expected = {200, 404} if case.method == "GET" else {200, 400, 404, 409}
            if "/customers/" in case.operation.path:  # a session or a code that was guessed
                expected |= {401, 403, 429}
            if "/pictures" in case.operation.path:  # no schema says which bytes are a picture
                expected |= {422}
            assert status in expected or mode is GenerationMode.NEGATIVE

        with contextlib.suppress(Unsatisfiable):  # it has nothing that could be wrong
            ask()
    assert described.statuses.total() > 100


def test_the_edges_of_every_parameter_are_answered_as_described(described: Described) -> None:
    generation = described.schema.config.generation
    for operation in described.operations():
        for case in described.schema.iter_coverage_cases(
            operation, generation_modes=list(GenerationMode), generation_config=generation
        ):
            described.call(case)
    assert {200, 404, 405, 422} <= set(described.statuses)
