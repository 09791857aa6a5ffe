"""What headquarters has given back can be used again, at the till that took it too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from central.stores.corrections.give_back import Wanted, give_back
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import CURRENCY, an_order, sell
from tests.edge.builders import with_key
from tests.end_to_end.shop import a_joined_unit, a_shop


def test_a_voucher_that_was_given_back_is_good_at_the_till_that_took_it(tmp_path: Path) -> None:
    with a_shop(tmp_path / "hub") as shop, a_joined_unit(shop, tmp_path / "till") as unit:
        unit.sync_now()
        pos: Any = with_key(unit)
        [voucher] = sell(an_order())

        def redeem(key: str) -> Any:
            scan = {"scan": voucher.text}
            return pos.post("/v1/redemptions", json=scan, headers={"Idempotency-Key": key}).json

        name = redeem("a")["entry"]
        assert redeem("b")["reason"] == "already-redeemed"
        unit.sync_now()
        ref = EntryRef(UnitId(name["unit"]), Epoch(name["epoch"]), Seq(name["seq"]))
        wanted = Wanted(ref, voucher.claims.voucher_id, 1, "the lunch was cold")
        give_back(wanted, by="anna", currency=CURRENCY, at_s=b.NOW_S)
        unit.sync_now()
        assert redeem("c")["accepted"]
        assert redeem("d")["reason"] == "already-redeemed"
        unit.sync_now()
        assert_sound()
