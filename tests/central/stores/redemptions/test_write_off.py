"""A grant whose till will never tell is written off; what turns up later comes last."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from central.cli import main
from central.errors import Conflict, NotFound, RequestInvalid
from central.stores.holders.grant import give
from central.stores.redemptions.conflict import CaseState
from central.stores.redemptions.reserve import reserve
from central.stores.redemptions.tables import ConflictCase, ReservationRow
from central.stores.redemptions.write_off import GrantState, grants_of, write_off
from central.stores.units.revoke import revoke
from central.stores.units.tables import Unit
from edge.contract.grant import GRANT_LIFE_S, Grant, GrantRequest, digest_of
from edge.contract.policy import Mode
from edge.contract.sync_message import Reserve
from edge.contract.voucher_token import VoucherClaims
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    GIFT,
    KEYRING,
    Database,
    Till,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
    outcomes,
)

AFTER_S = 72 * 3600
FREE_S = b.NOW_S + GRANT_LIFE_S + AFTER_S
NONCE = b"sale" * 4


def granted(till: Till, card: VoucherClaims, amount: int = 15_000) -> bytes:
    """The phone fetches a grant; return what an entry bears of it."""
    asked = GrantRequest(b.STORE, till.unit, NONCE, card.voucher_id, amount)
    given = give(asked, card.voucher_id, KEYRING, b.NOW_S)
    assert isinstance(given, tuple)
    grant = given[1]
    assert isinstance(grant, Grant)
    return digest_of(grant.sign(KEYRING.issuer, KEYRING.bundle))


def free(till: Till, at_s: int = FREE_S, reason: str = "burnt down") -> None:
    write_off(till.unit, NONCE, by="anna", reason=reason, at_s=at_s, after_s=AFTER_S)


def ask(till: Till, card: VoucherClaims, amount: int, name: bytes, at_s: int = FREE_S) -> object:
    wanted = Reserve(till.unit, name * 16, card.voucher_id, amount)
    return reserve(wanted, Unit.get_by_id(till.unit), at_s).refusal


@pytest.mark.usefixtures("hub_database")
def test_what_a_lost_till_holds_is_freed_once_and_a_late_entry_comes_last() -> None:
    furnish()
    lost, other, card = enrolled(), enrolled("second"), a_voucher(GIFT)
    digest = granted(lost, card)
    late = lost.accept(card, 15_000, Mode.GRANT, evidence=digest, request=NONCE)
    with pytest.raises(Conflict, match="Revoke it first"):
        free(lost)
    revoke(lost.unit, b.NOW_S + 600)
    assert ask(other, card, 6000, b"a"), "a grant is not forgotten because its till was revoked"
    for at_s, reason, error in (
        (FREE_S - 1, "x", Conflict), (FREE_S, " ", RequestInvalid), (FREE_S, "x" * 501,
         RequestInvalid),
    ):  # fmt: skip
        with pytest.raises(error):
            free(lost, at_s, reason)
    [before] = grants_of(card.voucher_id, AFTER_S)
    assert (before.state, before.may_be_written_off(FREE_S)) == (GrantState.HELD, True)
    free(lost)
    with pytest.raises(Conflict, match="Nothing is held"):
        free(lost)
    with pytest.raises(NotFound):
        write_off(other.unit, NONCE, by="anna", reason="x", at_s=FREE_S, after_s=AFTER_S)
    [after] = grants_of(card.voucher_id, AFTER_S)
    assert (after.state, after.said) == (GrantState.WRITTEN_OFF, "anna: burnt down")
    assert ask(other, card, 6000, b"a") is None
    # Alone, the weakest guarantee and later than the lost till: it comes first all the same.
    other.accept(card, 6000, Mode.SOLO, FREE_S, request=b"a" * 16)
    assert outcomes(other.deliver()) == ["applied"]
    assert outcomes(lost.deliver()) == ["overspend"]
    case = ConflictCase.get()
    assert (case.state, case.unit_id, case.seq) == (CaseState.OPEN, lost.unit, late.seq)
    assert case.excess == 1000, "14000 were still there"
    assert balances()["2310.S0412"] == -20_000 - 1000
    assert_sound()


@pytest.mark.usefixtures("hub_database")
def test_nothing_is_written_off_that_its_till_has_told_of() -> None:
    furnish()
    till, card = enrolled(), a_voucher(GIFT)
    digest = granted(till, card)
    till.accept(card, 15_000, Mode.GRANT, evidence=digest, request=NONCE)
    till.deliver()
    revoke(till.unit, b.NOW_S + 600)
    [seen] = grants_of(card.voucher_id, AFTER_S)
    assert (seen.state, seen.may_be_written_off(FREE_S)) == (GrantState.USED, False)
    with pytest.raises(Conflict, match="Nothing is held"):
        free(till)


def test_a_person_and_a_command_write_off(sqlite_database: Database) -> None:
    later = FREE_S + 1
    app = an_app(sqlite_database, lambda: later)
    till, card = enrolled(), a_voucher(GIFT)
    granted(till, card)
    revoke(till.unit, b.NOW_S + 600)
    page = f"/vouchers/{card.voucher_id:012x}"
    client = as_person(app)
    assert "held" in client.get(page).text
    path = f"{page}/grants/{till.unit}/{NONCE.hex()}/write-off"
    other = f"/vouchers/{a_voucher(GIFT).voucher_id:012x}"  # an address names the grant's voucher
    fill_in(client, path.replace(page, other), page, reason="by mistake")
    assert "There is no such grant." in client.get(other).text
    assert ReservationRow.select().count() == 1
    viewer = as_person(app, "viewer")
    assert fill_in(viewer, path, "/account", reason="x").status_code == 403
    assert fill_in(client, path, page, reason="").status_code == 302
    assert ReservationRow.select().count() == 1
    fill_in(client, path, page, reason="burnt down")
    assert ReservationRow.select().count() == 0
    assert "burnt down" in client.get(page).text
    settings = ["--set", f"data_dir={sqlite_database.sqlite_file.parent}"]
    words = ["vouchers", "grants", f"{card.voucher_id:012x}"]
    listed = CliRunner().invoke(main, [*settings, "--set", f"issuer={b.ISSUER}", *words])
    assert f"{till.unit}/{NONCE.hex()}" in listed.output
    again = ["vouchers", "write-off-grant", f"{till.unit}/{NONCE.hex()}", "--reason", "again"]
    told = CliRunner().invoke(main, [*settings, "--set", f"issuer={b.ISSUER}", *again])
    assert (told.exit_code, "Nothing is held" in told.output) == (1, True)
