"""What must hold after everything: the proof that a scenario has left the books in order."""

from __future__ import annotations

from central.foundation.db.engine import rows
from central.money.ledger.audit import audit
from central.money.ledger.statement import trial_balance
from central.stores.redemptions.conflict import CaseState
from central.stores.redemptions.settle import covered_in_all, facts_of
from central.stores.redemptions.tables import ConflictCase
from central.stores.vouchers.expire import gone
from central.stores.vouchers.tables import Voucher
from edge.contract.status import Status


def assert_sound() -> None:
    """The ledger is sound, says what the vouchers say, and so does their status."""
    assert audit() == []
    assert sum(a.balance for a in trial_balance()) == 0
    unredeemed: dict[str, int] = {}
    for voucher in Voucher.select():
        posted = sum(row.covered for row in facts_of(voucher))
        assert 0 <= posted <= covered_in_all(voucher) <= voucher.capacity
        left = voucher.face_minor - voucher.worth_minor(posted)
        away = gone(voucher)
        if away is None or not away.is_ours:
            code = f"{'2021' if away else '2020'}.{voucher.product}"
            unredeemed[code] = unredeemed.get(code, 0) + left
        if voucher.status in {Status.VALID, Status.REDEEMED}:
            is_spent = covered_in_all(voucher) == voucher.capacity
            assert (voucher.status == Status.REDEEMED) == is_spent, f"{voucher.id:012x}"
    owed = {
        a.code: -a.balance
        for a in trial_balance()
        if a.code.startswith(("2020.", "2021.")) and a.balance
    }
    assert owed == {code: left for code, left in unredeemed.items() if left}
    assert balances().get("1150", 0) == disputed()


def disputed(store: str | None = None) -> int:
    """Return what the open cases of a store, or of all, come to."""
    return sum(
        int(case.excess_minor)
        for case in ConflictCase.select().where(ConflictCase.state == str(CaseState.OPEN))
        if store in {None, case.store_id}
    )


def balances() -> dict[str, int]:
    """Return debits less credits of every account that is not at zero."""
    return {a.code: a.balance for a in trial_balance() if a.balance}


def journals(kind: str) -> int:
    """Return how many journals of a kind there are."""
    [(count,)] = rows("SELECT count(*) FROM journal WHERE kind = ?", (kind,))
    return int(count)
