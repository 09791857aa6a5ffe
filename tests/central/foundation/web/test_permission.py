"""Who may call what: every route there is, walked through by everybody there is."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from werkzeug.routing import Rule

from central.foundation.people import login
from central.foundation.people.roles import ROLES, Permission, may
from central.foundation.people.tables import Person
from edge.contract.problem import CONTENT_TYPE
from tests import builders as b
from tests.central.builders import KEYRING, Database, an_app, as_person, csrf_token
from tests.central.network.agents.builders import a_tree

# Written by hand, so that a new route has to be put here by somebody who has thought about it.
FOR_ANYBODY = {
    "static", "health", "openapi", "problems.show", "people.login", "people.login_code",
    "people.language", "units_api.offer", "shop.show", "holders.show", "holders.words",
    "holders.manifest", "holders.worker", "my.left", "pictures.one",
}  # fmt: skip
FOR_BUYERS = {
    "shop.one", "shop.buy", "shop.order", "shop.state", "shop.ask_to_pay", "shop.cancel",
    "shop.look", "shop.help_with", "shop.open_case", "shop.withdraw",
}  # fmt: skip
"""For whoever has an order's link; a stranger, who guesses, finds nothing."""
FOR_SIGN_IN = {"my.sign_in", "my.code"}
"""For anybody too, where codes can be sent; this hub sends none."""
FOR_CUSTOMERS = {
    "my.orders", "my.add_order", "my.account", "my.prove", "my.contact", "my.language",
    "my.delete", "my.sign_out", "my.sign_out_everywhere", "my.statement", "my.ask_top_up",
    "my.one_top_up", "my.top_up_state", "my.cancel_top_up",
}  # fmt: skip
FOR_PHONES = {"holders.open", "holders.grant"}
"""Signed by the phone that has the link of a voucher."""
FOR_CHANNELS = {"callbacks.wechat_pay", "callbacks.alipay"}
"""Signed by a channel; where none is connected there is nobody to call."""
FOR_SUPPLIERS = {"supplier_hooks.called"}
"""Signed by a supplier; a name that is no account of ours answers nobody."""
FOR_UNITS = {
    "units_api.pull", "units_api.push", "units_api.relays", "units_api.reservations",
    "units_api.reveal", "units_api.state", "units_api.leases",
}  # fmt: skip
FOR_PERSONS = {
    "home", "people.logout", "account.show", "account.password", "account.begin", "account.confirm",
    "account.remove",
}  # fmt: skip
FOR_PERMISSION = {
    "units.show": Permission.UNITS_READ,
    "units.show_waiting": Permission.UNITS_MANAGE,
    "units.invite": Permission.UNITS_MANAGE,
    "units.region": Permission.UNITS_MANAGE,
    "units.decide": Permission.UNITS_MANAGE,
    "units.stop": Permission.UNITS_MANAGE,
    "vouchers.find": Permission.VOUCHERS_READ,
    "vouchers.show": Permission.VOUCHERS_READ,
    "vouchers.link": Permission.VOUCHERS_ISSUE,
    "vouchers.free": Permission.VOUCHERS_ISSUE,
    "vouchers.lend_it": Permission.VOUCHERS_ISSUE,
    "vouchers.recall_it": Permission.VOUCHERS_ISSUE,
    "vouchers.give_up": Permission.VOUCHERS_ISSUE,
    "vouchers.give_it_back": Permission.CASES_DECIDE,
    "holders_api.correct": Permission.CASES_DECIDE,
    "holders_api.link": Permission.VOUCHERS_ISSUE,
    "holders_api.free": Permission.VOUCHERS_ISSUE,
    "carried.show": Permission.UNITS_MANAGE,
    "carried.bundles": Permission.UNITS_MANAGE,
    "carried.journal": Permission.UNITS_MANAGE,
    "carried.enrol": Permission.UNITS_MANAGE,
    "receipts.show": Permission.UNITS_READ,
    "receipts.one": Permission.UNITS_READ,
    "receipts.change": Permission.UNITS_MANAGE,
    "receipts.look": Permission.UNITS_MANAGE,
    "receipts.go_back": Permission.UNITS_MANAGE,
    "redemptions.show": Permission.REDEMPTIONS_READ,
    "redemptions.show_conflicts": Permission.REDEMPTIONS_READ,
    "ledger.show": Permission.LEDGER_READ,
    "ledger.account": Permission.LEDGER_READ,
    "ledger.of_party": Permission.LEDGER_READ,
    "ledger.journal": Permission.LEDGER_READ,
    "ledger.audit": Permission.LEDGER_READ,
    "ledger.run_audit": Permission.LEDGER_READ,
    "stores_api.issuer": Permission.VOUCHERS_READ,
    "stores_api.voucher": Permission.VOUCHERS_READ,
    "stores_api.units": Permission.UNITS_READ,
    "stores_api.alarms": Permission.UNITS_READ,
    "stores_api.recent": Permission.REDEMPTIONS_READ,
    "stores_api.conflicts": Permission.REDEMPTIONS_READ,
    "stores_api.stores": Permission.UNITS_READ,
    "stores_api.region": Permission.UNITS_MANAGE,
    "diversions.show": Permission.REDEMPTIONS_READ,
    "diversions.one": Permission.REDEMPTIONS_READ,
    "diversions.close": Permission.CASES_DECIDE,
    "diversions_api.everything": Permission.REDEMPTIONS_READ,
    "diversions_api.one": Permission.REDEMPTIONS_READ,
    "diversions_api.close": Permission.CASES_DECIDE,
    "ledger_api.trial_balance": Permission.LEDGER_READ,
    "ledger_api.one": Permission.LEDGER_READ,
    "agents_api.all_agents": Permission.AGENTS_READ,
    "agents_api.one": Permission.AGENTS_READ,
    "agents_api.add": Permission.AGENTS_MANAGE,
    "agents_api.move": Permission.AGENTS_MANAGE,
    "agents_api.level": Permission.AGENTS_MANAGE,
    "agents_api.suspend": Permission.AGENTS_MANAGE,
    "agents_api.resume": Permission.AGENTS_MANAGE,
    "agents_api.terminate": Permission.AGENTS_MANAGE,
    "sharing_api.simulated": Permission.SHARING_READ,
    "sharing_api.rules": Permission.SHARING_READ,
    "sharing_api.one": Permission.SHARING_READ,
    "sharing_api.sale": Permission.SHARING_READ,
    "sharing_api.draft": Permission.SHARING_MANAGE,
    "sharing_api.activate": Permission.SHARING_MANAGE,
    "sharing.rules": Permission.SHARING_READ,
    "sharing.simulation": Permission.SHARING_READ,
    "sharing.chosen": Permission.SHARING_READ,
    "sharing.scope": Permission.SHARING_READ,
    "sharing.new": Permission.SHARING_MANAGE,
    "sharing.edit": Permission.SHARING_MANAGE,
    "sharing.change": Permission.SHARING_MANAGE,
    "suppliers.show": Permission.SUPPLIERS_READ,
    "suppliers.bought": Permission.SUPPLIERS_READ,
    "suppliers.one": Permission.SUPPLIERS_READ,
    "suppliers.route": Permission.SUPPLIERS_READ,
    "suppliers.steer": Permission.SUPPLIERS_MANAGE,
    "suppliers.decide": Permission.SUPPLIERS_MANAGE,
    "suppliers.dealt_with": Permission.SUPPLIERS_MANAGE,
    "suppliers.again": Permission.SUPPLIERS_MANAGE,
    "suppliers_api.all_of_them": Permission.SUPPLIERS_READ,
    "suppliers_api.route": Permission.SUPPLIERS_READ,
    "suppliers_api.some": Permission.SUPPLIERS_READ,
    "suppliers_api.one": Permission.SUPPLIERS_READ,
    "suppliers_api.decide": Permission.SUPPLIERS_MANAGE,
    "payouts.show": Permission.PAYOUTS_READ,
    "payouts.one": Permission.PAYOUTS_READ,
    "payouts.batch": Permission.PAYOUTS_REQUEST,
    "payouts.limits": Permission.PAYOUTS_RELEASE,
    "payouts.decide": Permission.PAYOUTS_RELEASE,
    "payouts_api.some": Permission.PAYOUTS_READ,
    "payouts_api.one": Permission.PAYOUTS_READ,
    "payouts_api.ask": Permission.PAYOUTS_REQUEST,
    "ledger_api.journal": Permission.LEDGER_READ,
    "reconciliation.show": Permission.SETTLEMENT_READ,
    "reconciliation.put_right": Permission.SETTLEMENT_MANAGE,
    "reconciliation.same": Permission.SETTLEMENT_MANAGE,
    "reconciliation_api.same": Permission.SETTLEMENT_MANAGE,
    "reconciliation.upload": Permission.SETTLEMENT_MANAGE,
    "reconciliation.match": Permission.SETTLEMENT_MANAGE,
    "reconciliation.settlement": Permission.SETTLEMENT_READ,
    "reconciliation.post_settlement": Permission.SETTLEMENT_MANAGE,
    "reconciliation_api.bills": Permission.SETTLEMENT_READ,
    "reconciliation_api.take": Permission.SETTLEMENT_MANAGE,
    "reconciliation_api.all_differences": Permission.SETTLEMENT_READ,
    "reconciliation_api.put_right": Permission.SETTLEMENT_MANAGE,
    "reconciliation_api.all_unproven": Permission.SETTLEMENT_READ,
    "reconciliation_api.proposed": Permission.SETTLEMENT_READ,
    "reconciliation_api.post_it": Permission.SETTLEMENT_MANAGE,
    "settlement.show": Permission.SETTLEMENT_READ,
    "settlement.watermark": Permission.SETTLEMENT_READ,
    "fees.show": Permission.SETTLEMENT_READ,
    "tax.show": Permission.PAYOUTS_READ,
    "tax.change": Permission.PAYOUTS_RELEASE,
    "tax.whom": Permission.PAYOUTS_RELEASE,
    "tax.month": Permission.PAYOUTS_READ,
    "tax.file": Permission.PAYOUTS_READ,
    "tax_api.rules": Permission.PAYOUTS_READ,
    "tax_api.put": Permission.PAYOUTS_RELEASE,
    "tax_api.whom": Permission.PAYOUTS_RELEASE,
    "tax_api.month": Permission.PAYOUTS_READ,
    "fees.change": Permission.SETTLEMENT_MANAGE,
    "settlement.run_now": Permission.SETTLEMENT_MANAGE,
    "settlement.own": Permission.SETTLEMENT_MANAGE,
    "settlement.netted": Permission.SETTLEMENT_READ,
    "closing.show": Permission.LEDGER_READ,
    "closing.close": Permission.LEDGER_CLOSE,
    "closing.excuse": Permission.LEDGER_CLOSE,
    "closing.post_settlement": Permission.SETTLEMENT_MANAGE,
    "closing.ask": Permission.SETTLEMENT_MANAGE,
    "statements.one": Permission.SETTLEMENT_READ,
    "statements.line": Permission.SETTLEMENT_READ,
    "statements.file": Permission.SETTLEMENT_READ,
    "statements.answer": Permission.SETTLEMENT_MANAGE,
    "statements.settle": Permission.SETTLEMENT_MANAGE,
    "settlement_api.statements": Permission.SETTLEMENT_READ,
    "settlement_api.one": Permission.SETTLEMENT_READ,
    "settlement_api.line": Permission.SETTLEMENT_READ,
    "settlement_api.file": Permission.SETTLEMENT_READ,
    "settlement_api.payables": Permission.SETTLEMENT_READ,
    "settlement_api.marks": Permission.SETTLEMENT_READ,
    "settlement_api.fees": Permission.SETTLEMENT_READ,
    "settlement_api.agreed": Permission.SETTLEMENT_MANAGE,
    "settlement_api.disputed": Permission.SETTLEMENT_MANAGE,
    "settlement_api.settled": Permission.SETTLEMENT_MANAGE,
    "settlement_api.run_now": Permission.SETTLEMENT_MANAGE,
    "settlement_api.agree_fees": Permission.SETTLEMENT_MANAGE,
    "cases.show": Permission.REDEMPTIONS_READ,
    "cases.one": Permission.REDEMPTIONS_READ,
    "cases.decide": Permission.CASES_DECIDE,
    "cases.accept_lost": Permission.SETTLEMENT_MANAGE,
    "cases_api.all_cases": Permission.REDEMPTIONS_READ,
    "cases_api.one": Permission.REDEMPTIONS_READ,
    "cases_api.decide": Permission.CASES_DECIDE,
    "cases_api.accept": Permission.SETTLEMENT_MANAGE,
    "settlement.pay": Permission.PAYOUTS_REQUEST,
    "after_sales.show": Permission.ORDERS_READ,
    "after_sales.one": Permission.ORDERS_READ,
    "after_sales.picture": Permission.AFTER_SALES_MANAGE,
    "after_sales.decide": Permission.AFTER_SALES_MANAGE,
    "after_sales.open_for": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.some": Permission.ORDERS_READ,
    "after_sales_api.one": Permission.ORDERS_READ,
    "after_sales_api.picture": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.new": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.add": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.show": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.replace": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.give_back": Permission.AFTER_SALES_MANAGE,
    "after_sales_api.refuse": Permission.AFTER_SALES_MANAGE,
    "orders.show": Permission.ORDERS_READ,
    "orders.one": Permission.ORDERS_READ,
    "orders.accept": Permission.ORDERS_REFUND,
    "orders_api.accept": Permission.ORDERS_REFUND,
    "shop_links.make": Permission.ORDERS_READ,
    "catalogue.days_left": Permission.CATALOGUE_MANAGE,
    "catalogue.terms": Permission.CATALOGUE_MANAGE,
    "catalogue_api.voucher_terms": Permission.CATALOGUE_MANAGE,
    "orders.unmask": Permission.ORDERS_PRIVATE,
    "orders.release": Permission.ORDERS_MANAGE,
    "orders.unit": Permission.ORDERS_MANAGE,
    "orders.back_to_buyer": Permission.ORDERS_REFUND,
    "orders.again": Permission.ORDERS_REFUND,
    "orders_api.new": Permission.ORDERS_PLACE,
    "orders_api.pay_it": Permission.ORDERS_PLACE,
    "orders_api.give_up": Permission.ORDERS_PLACE,
    "orders_api.some": Permission.ORDERS_READ,
    "orders_api.one": Permission.ORDERS_READ,
    "orders_api.unmask": Permission.ORDERS_PRIVATE,
    "goods_api.goods": Permission.ORDERS_GOODS,
    "orders_api.back": Permission.ORDERS_REFUND,
    "orders_api.deliver": Permission.ORDERS_MANAGE,
    "orders_api.refill": Permission.ORDERS_MANAGE,
    "customers.show": Permission.CUSTOMERS_READ,
    "customers.find": Permission.CUSTOMERS_READ,
    "customers.one": Permission.CUSTOMERS_READ,
    "customers.member": Permission.CUSTOMERS_MANAGE,
    "customers.steer": Permission.CUSTOMERS_MANAGE,
    "customers.give_back": Permission.ORDERS_REFUND,
    "customers.back_again": Permission.ORDERS_REFUND,
    "customers_api.ask_code": Permission.ORDERS_PLACE,
    "customers_api.begin": Permission.ORDERS_PLACE,
    "customers_api.ask_again": Permission.ORDERS_PLACE,
    "customers_api.proved": Permission.ORDERS_PLACE,
    "customers_api.end": Permission.ORDERS_PLACE,
    "customers_api.me": Permission.ORDERS_PLACE,
    "customers_api.ask_contact": Permission.ORDERS_PLACE,
    "customers_api.contact": Permission.ORDERS_PLACE,
    "customers_api.language": Permission.ORDERS_PLACE,
    "customers_api.delete": Permission.ORDERS_PLACE,
    "customers_api.orders": Permission.ORDERS_PLACE,
    "customers_api.add": Permission.ORDERS_PLACE,
    "customers_api.statement": Permission.ORDERS_PLACE,
    "customers_api.more": Permission.ORDERS_PLACE,
    "customers_api.one_top_up": Permission.ORDERS_PLACE,
    "customers_api.pay_it": Permission.ORDERS_PLACE,
    "customers_api.some": Permission.CUSTOMERS_READ,
    "customers_api.find": Permission.CUSTOMERS_READ,
    "customers_api.one": Permission.CUSTOMERS_READ,
    "customers_api.orders_of": Permission.CUSTOMERS_READ,
    "customers_api.stop": Permission.CUSTOMERS_MANAGE,
    "customers_api.let_in": Permission.CUSTOMERS_MANAGE,
    "holders_api.give_up": Permission.CASES_DECIDE,
    "holders_api.grants": Permission.VOUCHERS_READ,
    "policies.change": Permission.POLICIES_MANAGE,
    "policies.go_back": Permission.POLICIES_MANAGE,
    "policies.look": Permission.POLICIES_MANAGE,
    "policies.one": Permission.POLICIES_READ,
    "policies.show": Permission.POLICIES_READ,
    "policies_api.change": Permission.POLICIES_MANAGE,
    "policies_api.changes": Permission.POLICIES_READ,
    "policies_api.every": Permission.POLICIES_READ,
    "policies_api.look": Permission.POLICIES_READ,
    "policies_api.one": Permission.POLICIES_READ,
    "policies_api.restore": Permission.POLICIES_MANAGE,
    "suppliers.fetch_statement": Permission.SUPPLIERS_MANAGE,
    "vouchers.give_up_grant": Permission.CASES_DECIDE,
    "entries.attach": Permission.LEDGER_ENTER,
    "entries.confirm": Permission.LEDGER_CONFIRM,
    "entries.content": Permission.LEDGER_READ,
    "entries.form": Permission.LEDGER_ENTER,
    "entries.new": Permission.LEDGER_ENTER,
    "entries.one": Permission.LEDGER_READ,
    "entries.refuse": Permission.LEDGER_ENTER,
    "entries.show": Permission.LEDGER_READ,
    "entries_api.attach": Permission.LEDGER_ENTER,
    "entries_api.kinds": Permission.LEDGER_READ,
    "entries_api.look": Permission.LEDGER_ENTER,
    "entries_api.new": Permission.LEDGER_ENTER,
    "entries_api.one": Permission.LEDGER_READ,
    "entries_api.refuse": Permission.LEDGER_ENTER,
    "entries_api.some": Permission.LEDGER_READ,
    "ledger.account_file": Permission.LEDGER_READ,
    "ledger.party_file": Permission.LEDGER_READ,
    "ledger.trial_balance_file": Permission.LEDGER_READ,
    "ledger_api.audit": Permission.LEDGER_READ,
    "ledger_api.of_party": Permission.LEDGER_READ,
    "payouts.switch": Permission.PAYOUTS_RELEASE,
    "closing_api.days": Permission.LEDGER_READ,
    "closing_api.close": Permission.LEDGER_CLOSE,
    "closing_api.excuse": Permission.LEDGER_CLOSE,
    "closing_api.close_whole": Permission.LEDGER_CLOSE,
    "settlement_api.whose": Permission.SETTLEMENT_READ,
    "settlement_api.own": Permission.SETTLEMENT_MANAGE,
    "bank_files.show": Permission.PAYOUTS_READ,
    "bank_files.one": Permission.PAYOUTS_READ,
    "bank_files.new": Permission.PAYOUTS_RELEASE,
    "bank_files.get_it": Permission.PAYOUTS_RELEASE,
    "bank_files.take": Permission.PAYOUTS_RELEASE,
    "bank_files.refuse": Permission.PAYOUTS_RELEASE,
    "bank_files_api.some": Permission.PAYOUTS_READ,
    "bank_files_api.one": Permission.PAYOUTS_READ,
    "bank_files_api.new": Permission.PAYOUTS_RELEASE,
    "bank_files_api.content": Permission.PAYOUTS_RELEASE,
    "bank_files_api.take": Permission.PAYOUTS_RELEASE,
    "bank_files_api.refuse": Permission.PAYOUTS_RELEASE,
    "exchange.show": Permission.JOBS_READ,
    "jobs.show": Permission.JOBS_READ,
    "jobs.seen": Permission.JOBS_READ,
    "jobs.run": Permission.JOBS_MANAGE,
    "jobs.pause": Permission.JOBS_MANAGE,
    "jobs.again": Permission.JOBS_MANAGE,
    "jobs_api.open_alerts": Permission.JOBS_READ,
    "jobs_api.all_jobs": Permission.JOBS_READ,
    "cards.show": Permission.CARDS_READ,
    "cards.access": Permission.CARDS_READ,
    "cards.seen": Permission.CARDS_EXPORT_APPROVE,
    "cards.take_in": Permission.CARDS_IMPORT,
    "cards.batch": Permission.CARDS_READ,
    "cards.decide": Permission.CARDS_IMPORT,
    "cards.plant": Permission.CARDS_EXPORT_APPROVE,
    "cards.some": Permission.CARDS_READ,
    "cards.find": Permission.CARDS_READ,
    "cards.key": Permission.CARDS_READ,
    "cards.reveal": Permission.CARDS_REVEAL,
    "cards.change": Permission.CARDS_IMPORT,
    "cards.ask": Permission.CARDS_REVEAL,
    "cards.decide_export": Permission.CARDS_EXPORT_APPROVE,
    "cards.fetch": Permission.CARDS_REVEAL,
    "cards_api.stock": Permission.CARDS_READ,
    "cards_api.some_keys": Permission.CARDS_READ,
    "cards_api.alerts": Permission.CARDS_READ,
    "cards_api.take_in": Permission.CARDS_IMPORT,
    "cards_api.batch": Permission.CARDS_READ,
    "cards_api.put_in_stock": Permission.CARDS_IMPORT,
    "cards_api.discard": Permission.CARDS_IMPORT,
    "catalogue_api.types": Permission.CATALOGUE_READ,
    "catalogue_api.type_version": Permission.CATALOGUE_READ,
    "catalogue_api.check": Permission.CATALOGUE_READ,
    "catalogue_api.rendered": Permission.CATALOGUE_READ,
    "catalogue_api.categories": Permission.CATALOGUE_READ,
    "catalogue_api.items": Permission.CATALOGUE_READ,
    "catalogue_api.skus": Permission.CATALOGUE_READ,
    "catalogue_api.sku": Permission.CATALOGUE_READ,
    "catalogue_api.add_type": Permission.CATALOGUE_MANAGE,
    "catalogue_api.revise_type": Permission.CATALOGUE_MANAGE,
    "catalogue_api.add_category": Permission.CATALOGUE_MANAGE,
    "catalogue_api.put_item": Permission.CATALOGUE_MANAGE,
    "catalogue_api.add_picture": Permission.CATALOGUE_MANAGE,
    "catalogue_api.change_picture": Permission.CATALOGUE_MANAGE,
    "catalogue_api.remove_picture": Permission.CATALOGUE_MANAGE,
    "catalogue_api.put_sku": Permission.CATALOGUE_MANAGE,
    "catalogue_api.offer": Permission.CATALOGUE_MANAGE,
    "catalogue_api.retire": Permission.CATALOGUE_MANAGE,
    "catalogue.show": Permission.CATALOGUE_READ,
    "catalogue.new_item": Permission.CATALOGUE_MANAGE,
    "catalogue.item": Permission.CATALOGUE_MANAGE,
    "catalogue.add_picture": Permission.CATALOGUE_MANAGE,
    "catalogue.change_picture": Permission.CATALOGUE_MANAGE,
    "catalogue.put_sku": Permission.CATALOGUE_MANAGE,
    "catalogue.move_sku": Permission.CATALOGUE_MANAGE,
    "catalogue.categories": Permission.CATALOGUE_MANAGE,
    "catalogue.table": Permission.CATALOGUE_MANAGE,
    "product_types.show": Permission.CATALOGUE_READ,
    "product_types.one": Permission.CATALOGUE_READ,
    "product_types.new": Permission.CATALOGUE_MANAGE,
    "product_types.edit": Permission.CATALOGUE_MANAGE,
    "prices_api.all_books": Permission.PRICES_READ,
    "prices_api.prices": Permission.PRICES_READ,
    "prices_api.all_promotions": Permission.PRICES_READ,
    "prices_api.quoted": Permission.PRICES_READ,
    "prices_api.floors": Permission.COST_SEE,
    "prices_api.all_mark_ups": Permission.COST_SEE,
    "prices_api.add_book": Permission.PRICES_MANAGE,
    "prices_api.set_prices": Permission.PRICES_MANAGE,
    "prices_api.set_floor": Permission.PRICES_MANAGE,
    "prices_api.set_mark_up": Permission.PRICES_MANAGE,
    "prices_api.set_promotion": Permission.PRICES_MANAGE,
    "prices_api.end": Permission.PRICES_MANAGE,
    "prices.show": Permission.PRICES_READ,
    "prices.book": Permission.PRICES_READ,
    "prices.promoted": Permission.PRICES_READ,
    "prices.explained": Permission.PRICES_READ,
    "prices.costs": Permission.COST_SEE,
    "prices.add_book": Permission.PRICES_MANAGE,
    "prices.set_price": Permission.PRICES_MANAGE,
    "prices.promote": Permission.PRICES_MANAGE,
    "prices.end": Permission.PRICES_MANAGE,
    "prices.set_cost": Permission.PRICES_MANAGE,
    "prices.table": Permission.PRICES_MANAGE,
}
VALUES = {
    "evidence_id": "1",
    "code": "2310.S0412", "voucher_id": "0a1b2c3d4e5f", "unit_id": "S0412-K1",
    "enrolment_id": "0" * 32, "filename": "hub.css", "agent_id": "EAST-1", "scope": "default",
    "version": "1", "ref": "O-1", "work": "activate", "no": "PO123456", "what": "release",
    "turn": "stop",
    "slug": "conflict", "kind": "store", "party": "S0412", "number": "1", "store": "S0412",
    "statement_no": "S0412-20260411", "n": "1", "ending": "csv", "case_id": "1", "epoch": "2",
    "difference_id": "1", "order_id": "OAAAAAAAAAAAAAAA", "token": "A", "alert_id": "1",
    "message_id": "1", "name": "proofs", "batch_id": "1", "key": "1", "step": "stock",
    "act": "void", "verdict": "approve", "type_id": "game-key", "type_version": "1",
    "sku": "KEY-50", "item_id": "key", "move": "offer", "book": "retail", "book_id": "retail",
    "cost": "floor", "promotion_id": "spring", "source": "bank.main", "channel": "web",
    "day": "20260411", "month": "202604", "unit": "O-1/1", "attempt": "1", "account": "nobody",
    "alert": "1", "voucher": "0a1b2c3d4e5f", "lease": "0" * 32, "seq": "1",
    "group": "3", "customer_id": "CAAAAAAAAAAAAAAA", "picture": "A", "change": "first",
    "hash": "a" * 64, "request": "0" * 32, "request_hex": "0" * 32, "document": "1",
}  # fmt: skip


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def path_of(rule: Rule) -> str:
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda m: VALUES[m[1]], rule.rule)


def routes(app: Any, endpoints: Any) -> list[tuple[str, str, str]]:
    """Return method, path and endpoint of every way to call one of these endpoints."""
    return sorted(
        (method, path_of(rule), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
        if rule.endpoint in endpoints
    )


def test_every_route_is_known_to_this_test(app: Any) -> None:
    outside = FOR_ANYBODY | FOR_BUYERS | FOR_CHANNELS | FOR_SUPPLIERS | FOR_UNITS | FOR_PHONES
    outside |= FOR_SIGN_IN | FOR_CUSTOMERS
    known = outside | FOR_PERSONS | set(FOR_PERMISSION)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == known


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer tk_wrong"}, {"Authorization": "Basic YTpi"},
                {"Authorization": "Bearer"}, {"Cookie": "tearoff-hub=forged"}],
    ids=["nothing", "wrong-key", "password", "no-key", "forged-cookie"],
)  # fmt: skip
def test_nobody_gets_in_without_credentials(app: Any, headers: dict[str, str]) -> None:
    for method, path, _ in routes(app, FOR_PERSONS | set(FOR_PERMISSION)):
        response = app.test_client().open(path, method=method, headers=headers)
        if path.startswith("/v1/"):
            assert response.status_code == 401, path
            assert response.content_type == CONTENT_TYPE
            assert response.headers["WWW-Authenticate"] == "Bearer"
        else:
            assert response.status_code == 302, path
            assert response.headers["Location"].startswith("/login?next=/"), path


def test_the_routes_of_units_and_phones_ask_for_a_signature(app: Any) -> None:
    for method, path, _ in routes(app, FOR_UNITS | FOR_PHONES):
        response = app.test_client().open(path, method=method, data=b"")
        assert response.status_code in {400, 401}, path


def test_what_is_for_anybody_answers_anybody(app: Any) -> None:
    for method, path, endpoint in routes(app, FOR_ANYBODY):
        with app.test_client().open(path, method=method) as response:
            # No order has this token, no piece is sold: which is told to anybody, too.
            told = 404 if "A" in path or "KEY" in path else 200
            if endpoint == "people.login_code":
                told = 302  # back to the first step
            assert response.status_code == (told if method != "POST" else 400), endpoint


def test_a_stranger_finds_no_order(app: Any) -> None:
    client = app.test_client()
    token = csrf_token(client)
    for method, path, endpoint in routes(app, FOR_BUYERS):
        response = client.open(path, method=method, data={"csrf_token": token})
        assert response.status_code == 404, endpoint


def test_the_routes_of_customers_lead_a_stranger_to_the_door(app: Any) -> None:
    visitor, person = app.test_client(), as_person(app, "admin")
    for method, path, endpoint in routes(app, FOR_CUSTOMERS):
        for client in (visitor, person):
            client.set_cookie("tearoff-customer", "A" * 43)  # made by nobody
            token = csrf_token(client, "/shop")
            response = client.open(path, method=method, data={"csrf_token": token})
            assert response.status_code == 302, endpoint
            assert response.headers["Location"].startswith("/my/sign-in?next=/my"), endpoint


def test_where_no_code_can_be_sent_nobody_signs_in(app: Any) -> None:
    client = app.test_client()
    token = csrf_token(client)
    for method, path, endpoint in routes(app, FOR_SIGN_IN):
        response = client.open(path, method=method, data={"csrf_token": token})
        assert response.status_code == (404 if endpoint == "my.sign_in" else 302), endpoint
    assert "/my/" not in client.get("/shop").text


def test_nobody_calls_for_a_channel_that_is_not_connected(app: Any) -> None:
    for method, path, endpoint in routes(app, FOR_CHANNELS | FOR_SUPPLIERS):
        assert app.test_client().open(path, method=method).status_code == 404, endpoint


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_person_gets_what_the_role_may_have(app: Any, role: str) -> None:
    client = as_person(app, role)
    token = csrf_token(client)
    for method, path, endpoint in routes(app, FOR_PERMISSION):
        if path.startswith("/v1/"):
            continue
        response = client.open(path, method=method, data={"csrf_token": token})
        allowed = may(role, FOR_PERMISSION[endpoint])
        # 400: there is nothing in the form.
        expected = ({200, 302, 404} | ({400} if method == "POST" else set())) if allowed else {403}
        assert response.status_code in expected, (role, endpoint)
        assert not response.headers.get("Location", "").startswith("/login")


FOR_ONE_AGENT = {
    "orders_api.new", "orders_api.pay_it", "orders_api.give_up", "orders_api.some",
    "orders_api.one", "goods_api.goods", "prices_api.quoted", "catalogue_api.categories",
    "catalogue_api.items", "catalogue_api.skus", "catalogue_api.sku",
}  # fmt: skip
"""What an agent's own program reaches: what is on offer, his prices, his orders."""


def test_the_key_of_an_agent_reaches_what_is_marked_for_him_and_nothing_else(app: Any) -> None:
    a_tree()
    key = {"Authorization": f"Bearer {login.add_api_key('own', 'agent', b.NOW_S, 'C1')}"}
    for method, path, endpoint in routes(app, FOR_PERMISSION):
        status = app.test_client().open(path, method=method, headers=key).status_code
        assert (status == 403) == (endpoint not in FOR_ONE_AGENT), (endpoint, status)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_program_gets_what_the_role_of_its_key_may_have(app: Any, role: str) -> None:
    key = login.add_api_key(role, role, b.NOW_S)
    for method, path, endpoint in routes(app, FOR_PERMISSION):
        query = {"first": "20260401", "last": "20260430"} if path.startswith("/v1/") else {}
        response = app.test_client().open(
            path, method=method, query_string=query, headers={"Authorization": f"Bearer {key}"}
        )
        allowed = may(role, FOR_PERMISSION[endpoint])
        if not allowed:
            expected = {403}
        elif method in {"POST", "PUT"}:
            # A program has no form, and so no token for what only forms can do; and the API's
            # own routes are told nothing here; some need nothing, and find nothing to work on.
            expected = {200, 404, 409, 422} if path.startswith("/v1/") else {400}
        elif "/me" in path:
            expected = {422}  # it says of no customer that he has signed in
        else:
            expected = {200, 302, 404}
        assert response.status_code in expected, (role, endpoint)


def test_a_program_is_nobody_who_has_logged_in(app: Any) -> None:
    key = login.add_api_key("erp", "admin", b.NOW_S)
    for method, path, _ in routes(app, FOR_PERSONS):
        headers = {"Authorization": f"Bearer {key}"}
        response = app.test_client().open(path, method=method, headers=headers)
        assert response.status_code == 403, path


def test_a_role_that_nobody_defined_may_do_nothing(app: Any) -> None:
    client = as_person(app, "admin")
    Person.update(role="emperor").execute()
    for method, path, _ in routes(app, FOR_PERMISSION):
        assert client.open(path, method=method).status_code == 403, path


def test_somebody_who_has_left_is_nobody_at_once(app: Any) -> None:
    client = as_person(app, "admin")
    assert client.get("/units").status_code == 200
    Person.update(active=False).execute()
    assert client.get("/units").status_code == 302


def test_a_wrong_key_is_not_made_good_by_a_session(app: Any) -> None:
    client = as_person(app, "admin")
    response = client.get("/v1/units", headers={"Authorization": "Bearer tk_wrong"})
    assert response.status_code == 401


def test_a_cookie_alone_changes_nothing_by_the_way_of_programs(app: Any) -> None:
    """Those routes ask for no form's token, and somebody else's page could call them."""
    client = as_person(app, "admin")
    for method, path, endpoint in routes(app, FOR_PERMISSION):
        if path.startswith("/v1/") and method not in {"GET", "HEAD"}:
            assert client.open(path, method=method, json={}).status_code == 401, endpoint


def test_a_route_that_says_nothing_answers_nobody(app: Any) -> None:
    app.view_functions["health"] = lambda: "forgotten"
    assert app.test_client().get("/health").status_code == 302
    assert as_person(app, "admin").get("/health").status_code == 403


def test_a_cookie_that_another_key_has_signed_is_worth_nothing(
    sqlite_database: Database, app: Any
) -> None:
    cookie = as_person(app, "admin").get_cookie("tearoff-hub")
    assert cookie is not None
    other = dataclasses.replace(KEYRING, session=bytes(32))
    for keyring, status in ((KEYRING, 200), (other, 302)):
        client = an_app(sqlite_database, keyring=keyring).test_client()
        client.set_cookie("tearoff-hub", cookie.value)
        assert client.get("/units").status_code == status
