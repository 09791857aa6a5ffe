"""The demo's own judge: whatever is bent in the facts of a good run, it says so, and exits with 1.

A judge that finds nothing wrong is worth what it would have found.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.demo.facts import judge
from tests.end_to_end.demo_run import DemoRun, judged_again

pytestmark = pytest.mark.slow  # the demo, once for the whole run

Facts = dict[str, Any]


def a_scan(facts: Facts, **wanted: Any) -> Facts:
    """The first scan of this kind."""
    return next(s for s in facts["scans"] if all(s[k] == v for k, v in wanted.items()))


def a_receipt(facts: Facts, **wanted: Any) -> Facts:
    return next(r for r in facts["receipts"] if all(r[k] == v for k, v in wanted.items()))


def receipts_of(facts: Facts, scan: Facts) -> list[Facts]:
    return [r for r in facts["receipts"] if r["hash_hex"] == scan["entry"]["hash_hex"]]


# --- what is bent --------------------------------------------------------------------------------


def a_forged_voucher_was_accepted(facts: Facts) -> None:
    a_scan(facts, reason="bad-signature").update(accepted=True, reason=None, mode="solo")


def a_genuine_voucher_was_refused(facts: Facts) -> None:
    a_scan(facts, accepted=True).update(accepted=False, reason="expired", mode=None)


def a_refusal_gave_another_reason(facts: Facts) -> None:
    a_scan(facts, reason="expired")["reason"] = "revoked"


def a_unit_said_that_the_hub_was_there(facts: Facts) -> None:
    a_scan(facts, accepted=True, mode="solo")["mode"] = "online"


def a_unit_did_not_ask_a_hub_that_was_there(facts: Facts) -> None:
    a_scan(facts, accepted=True, mode="online")["mode"] = "solo"


def a_voucher_that_nobody_sold_was_accepted(facts: Facts) -> None:
    a_scan(facts, accepted=True)["voucher_id_hex"] = "ffffffffffff"


def a_kill_led_to_a_second_entry(facts: Facts) -> None:
    scan = copy.deepcopy(a_scan(facts, accepted=True))
    scan["entry"]["seq"] = 99
    facts["scans"].append(scan)


def a_scan_was_forgotten_by_its_unit(facts: Facts) -> None:
    a_scan(facts, accepted=True).update(accepted=False)


def a_receipt_is_missing(facts: Facts) -> None:
    for receipt in receipts_of(facts, a_scan(facts, accepted=True)):
        facts["receipts"].remove(receipt)


def the_receipt_of_an_online_redemption_is_missing(facts: Facts) -> None:
    for receipt in receipts_of(facts, a_scan(facts, accepted=True, mode="online")):
        facts["receipts"].remove(receipt)


def an_original_came_twice(facts: Facts) -> None:
    facts["receipts"].append(copy.deepcopy(a_receipt(facts, is_copy=False)))


def a_receipt_bears_another_hash(facts: Facts) -> None:
    a_receipt(facts, seq=2)["hash_hex"] = "00" * 32


def a_receipt_without_a_redemption(facts: Facts) -> None:
    refused = a_scan(facts, reason="expired")
    receipt = copy.deepcopy(a_receipt(facts, is_copy=False))
    facts["receipts"].append(receipt | {"unit": refused["unit"], **refused["entry"]})


def a_printer_met_a_command_it_does_not_know(facts: Facts) -> None:
    unknown = {"offset": 0, "hex": "1b7f", "why": "no such command"}
    facts["receipts"][0]["unknown_commands"] = [unknown]


def the_hub_has_less_of_a_journal(facts: Facts) -> None:
    facts["acks"][0]["seq"] -= 1


def the_hub_has_heard_nothing_of_a_unit(facts: Facts) -> None:
    del facts["acks"][1]


def the_hub_has_another_head(facts: Facts) -> None:
    facts["acks"][0]["head_hex"] = "00" * 32


def the_double_redemption_was_not_found(facts: Facts) -> None:
    facts["conflicts"] = []


def a_conflict_that_is_none(facts: Facts) -> None:
    conflict = copy.deepcopy(facts["conflicts"][0])
    facts["conflicts"].append(conflict | {"voucher_id_hex": "ffffffffffff"})


def a_conflict_without_its_second_receipt(facts: Facts) -> None:
    del facts["conflicts"][0]["entries"][1]


def a_conflict_over_other_entries(facts: Facts) -> None:
    facts["conflicts"][0]["entries"][0]["hash_hex"] = "00" * 32


def both_of_a_conflict_are_covered(facts: Facts) -> None:
    for entry in facts["conflicts"][0]["entries"]:
        entry["covered_minor"] = facts["conflicts"][0]["excess_minor"]


def a_conflict_over_another_amount(facts: Facts) -> None:
    facts["conflicts"][0]["excess_minor"] -= 1


def the_trial_balance_is_off(facts: Facts) -> None:
    facts["ledger"]["trial_balance"] = 1


def the_audit_found_something(facts: Facts) -> None:
    facts["ledger"]["findings"] = ["entry 7 belongs to no journal"]


def an_account_says_something_else(facts: Facts) -> None:
    facts["ledger"]["accounts"][0]["debit"] += 1


def the_statement_has_another_total(facts: Facts) -> None:
    facts["statement"][0]["total"] += 1


def a_line_of_the_statement_is_missing(facts: Facts) -> None:
    del facts["statement"][0]["lines"][0]


def statement_and_account_differ(facts: Facts) -> None:
    facts["statement"][0]["lines"][0]["minor"] += 1
    facts["statement"][0]["total"] += 1


def the_store_has_no_account(facts: Facts) -> None:
    facts["ledger"]["accounts"] = [
        a for a in facts["ledger"]["accounts"] if not a["code"].startswith("2310")
    ]


def the_statement_pays_for_a_refusal(facts: Facts) -> None:
    refused = a_scan(facts, reason="expired")
    name = f"{refused['unit']}/{refused['entry']['epoch']}/{refused['entry']['seq']}"
    facts["statement"][0]["lines"][0]["entry"] = name


def an_order(facts: Facts, planted: str) -> Facts:
    """The order that was placed while this went wrong."""
    return next(order for order in facts["orders"] if order["planted"] == planted)


def a_supplier(facts: Facts, account: str) -> Facts:
    return next(at for at in facts["suppliers"] if at["account"] == account)


def a_fault_was_not_planted(facts: Facts) -> None:
    facts["orders"].remove(an_order(facts, "price-jump"))


def a_fault_was_planted_twice(facts: Facts) -> None:
    an_order(facts, "hang")["planted"] = "no-stock"


def another_supplier_was_due(facts: Facts) -> None:
    an_order(facts, "no-stock")["expected"] = "alpha"


def an_order_was_not_completed(facts: Facts) -> None:
    an_order(facts, "no-stock")["state"] = "exception"


def a_buyer_saw_that_it_failed(facts: Facts) -> None:
    an_order(facts, "hang")["saw"]["state"] = "exception"


def a_buyer_waited_too_long(facts: Facts) -> None:
    an_order(facts, "hang")["saw"]["seconds"] = 61.0


def a_buyer_was_shown_no_key(facts: Facts) -> None:
    an_order(facts, "price-jump")["saw"]["text"] = ""


def a_buyer_was_shown_the_half_of_a_key(facts: Facts) -> None:
    saw = an_order(facts, "price-jump")["saw"]
    saw["text"] = saw["text"][:-1]


def two_buyers_were_shown_one_key(facts: Facts) -> None:
    one, other = an_order(facts, "no-stock"), an_order(facts, "price-jump")
    other["saw"]["text"] = one["saw"]["text"]
    other["bought"][0]["keys"] = one["bought"][0]["keys"]


def a_supplier_sold_no_key(facts: Facts) -> None:
    an_order(facts, "no-stock")["bought"][0]["keys"] = [""]


def it_was_bought_twice_at_one(facts: Facts) -> None:
    bought = an_order(facts, "hang")["bought"]
    bought.append(copy.deepcopy(bought[0]))


def it_was_bought_at_both(facts: Facts) -> None:
    bought = an_order(facts, "hang")["bought"]
    bought.append(copy.deepcopy(bought[0]) | {"account": "beta"})


def it_was_bought_nowhere(facts: Facts) -> None:
    an_order(facts, "no-stock")["bought"] = []


def the_cheaper_one_was_not_tried(facts: Facts) -> None:
    del an_order(facts, "no-stock")["attempts"][0]


def it_was_refused_for_another_reason(facts: Facts) -> None:
    an_order(facts, "price-jump")["attempts"][0]["code"] = "no-stock"


def the_next_one_was_tried_while_nobody_knew(facts: Facts) -> None:
    attempts = an_order(facts, "hang")["attempts"]
    attempts.append(attempts[0] | {"account": "beta", "state": "not_found"})


def it_was_bought_under_another_reference(facts: Facts) -> None:
    an_order(facts, "hang")["bought"][0]["client_ref"] = "T00"


def nobody_asked_who_said_nothing(facts: Facts) -> None:
    an_order(facts, "hang")["bought"][0]["asked"] = 0


def a_buyer_paid_more_than_was_asked_for(facts: Facts) -> None:
    an_order(facts, "hang")["payments"][0]["minor"] += 1


def a_buyer_paid_twice(facts: Facts) -> None:
    payments = an_order(facts, "no-stock")["payments"]
    payments.append(copy.deepcopy(payments[0]))


def a_buyer_has_not_paid(facts: Facts) -> None:
    an_order(facts, "no-stock")["payments"][0]["state"] = "open"


def the_channel_was_paid_by_nobody_s_order(facts: Facts) -> None:
    facts["channel"]["paid_minor"] += 1


def the_books_say_less_than_the_channel(facts: Facts) -> None:
    account = next(a for a in facts["ledger"]["accounts"] if a["code"] == "1010.wechat-pay")
    account["debit"] -= 1


def a_supplier_sold_what_no_order_has(facts: Facts) -> None:
    a_supplier(facts, "beta")["bought"] += 1


def a_supplier_took_more_than_the_books_say(facts: Facts) -> None:
    a_supplier(facts, "alpha")["balance_e4"] -= 1


def a_supplier_is_missing(facts: Facts) -> None:
    facts["suppliers"].remove(a_supplier(facts, "beta"))


def books_and_rooms_do_not_agree(facts: Facts) -> None:
    facts["proofs"].update(is_good=False, said="2010: 9.90 stands there")


BENT: dict[Callable[[Facts], None], str] = {
    a_forged_voucher_was_accepted: "said accepted to",
    a_genuine_voucher_was_refused: "said expired to",
    a_refusal_gave_another_reason: "said revoked to",
    a_unit_said_that_the_hub_was_there: "accepted in mode online with hub_up False",
    a_unit_did_not_ask_a_hub_that_was_there: "accepted in mode solo with hub_up True",
    a_voucher_that_nobody_sold_was_accepted: "ffffffffffff, which nobody has sold",
    a_kill_led_to_a_second_entry: "twice",
    a_scan_was_forgotten_by_its_unit: "said nothing to",
    a_receipt_is_missing: "owes the receipt of",
    the_receipt_of_an_online_redemption_is_missing: "owes the receipt of",
    an_original_came_twice: "twice",
    a_receipt_bears_another_hash: "owes the receipt of",
    a_receipt_without_a_redemption: "not accepted",
    a_printer_met_a_command_it_does_not_know: "1b7f",
    the_hub_has_less_of_a_journal: "the hub does not have",
    the_hub_has_heard_nothing_of_a_unit: "the hub does not have",
    the_hub_has_another_head: "the hub has another",
    the_double_redemption_was_not_found: "were due",
    a_conflict_that_is_none: "were due",
    a_conflict_without_its_second_receipt: "were due",
    a_conflict_over_other_entries: "were due",
    both_of_a_conflict_are_covered: "more or less is covered",
    a_conflict_over_another_amount: "more or less is covered",
    the_trial_balance_is_off: "off by 1",
    the_audit_found_something: "belongs to no journal",
    an_account_says_something_else: "not the sum of the accounts",
    the_statement_has_another_total: "does not add up",
    a_line_of_the_statement_is_missing: "does not add up",
    statement_and_account_differ: "statement and ledger differ",
    the_store_has_no_account: "statement and ledger differ",
    the_statement_pays_for_a_refusal: "not accepted",
    a_fault_was_not_planted: "is not what went wrong",
    a_fault_was_planted_twice: "is not what went wrong",
    another_supplier_was_due: "is not what went wrong",
    an_order_was_not_completed: "is exception, its buyer saw completed",
    a_buyer_saw_that_it_failed: "is completed, its buyer saw exception",
    a_buyer_waited_too_long: "took 61.0 s",
    a_buyer_was_shown_no_key: "was shown ''",
    a_buyer_was_shown_the_half_of_a_key: "was bought",
    two_buyers_were_shown_one_key: "was shown to 2 buyers",
    a_supplier_sold_no_key: "[''] was bought",
    it_was_bought_twice_at_one: "was bought at ['alpha', 'alpha'], once at alpha was due",
    it_was_bought_at_both: "was bought at ['alpha', 'beta'], once at alpha was due",
    it_was_bought_nowhere: "was bought at [], once at beta was due",
    the_cheaper_one_was_not_tried: "was tried at",
    it_was_refused_for_another_reason: "was tried at",
    the_next_one_was_tried_while_nobody_knew: "was tried at",
    it_was_bought_under_another_reference: "under another reference",
    nobody_asked_who_said_nothing: "nobody asked alpha",
    a_buyer_paid_more_than_was_asked_for: "the channel has [('paid', 991)]",
    a_buyer_paid_twice: "the channel has [('paid', 990), ('paid', 990)]",
    a_buyer_has_not_paid: "the channel has [('open', 990)]",
    the_channel_was_paid_by_nobody_s_order: "the channel was paid 2971",
    the_books_say_less_than_the_channel: "books 2969",
    a_supplier_sold_what_no_order_has: "beta sold 3, orders have 2",
    a_supplier_took_more_than_the_books_say: "lies at alpha",
    a_supplier_is_missing: "a supplier says nothing",
    books_and_rooms_do_not_agree: "books and rooms do not agree: 2010",
}


@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__)
def test_what_is_bent_is_named(demo: DemoRun, bend: Callable[[Facts], None]) -> None:
    facts = demo.facts
    assert judge(facts) == []
    bend(facts)
    assert facts != demo.facts, "it bends something"
    faults = judge(facts)
    assert any(BENT[bend] in fault for fault in faults), faults


def test_good_facts_end_with_0_and_bent_ones_with_1(demo: DemoRun, tmp_path: Path) -> None:
    status, said = judged_again(demo.directory / "facts.json")
    assert (status, "everything held" in said) == (0, True)
    facts = demo.facts
    the_trial_balance_is_off(facts)
    file = tmp_path / "bent.json"
    file.write_text(json.dumps(facts))
    status, said = judged_again(file)
    assert status == 1
    assert "✗ the ledger is off by 1" in said
    assert "everything held" not in said
