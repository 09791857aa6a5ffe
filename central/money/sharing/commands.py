"""``tearoff-hub sharing``: what would be earned, rule sets, and the release of commissions."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.money.sharing import explain, form, rule_sets
from central.money.sharing.api import PRODUCT_MAX, answer_body, shared_sale
from central.money.sharing.model import AgentId, RuleRef, Scope
from central.money.sharing.ports import Outside
from central.money.sharing.release import release_due
from central.money.sharing.rule_sets import Draft, RuleVersion
from central.money.sharing.simulate import Question, simulate
from edge.contract.money import Money, decimal_text, parse_decimal

_ACTOR = "cli"


def commands(outside: Outside, suspended: Callable[[], frozenset[AgentId]]) -> click.Group:
    """Return the group.

    Args:
        suspended: Whose commissions wait although they are due.
    """
    group = click.Group("sharing", help="Who earns what on a sale.")
    _add_sales(group, outside)
    _add_rules(group, outside)
    _add_release(group, suspended)
    return group


def _add_sales(group: click.Group, outside: Outside) -> None:
    @group.command("simulate")
    @click.argument("amount")
    @click.option("--agent", help="Who sells; the house if not given.")
    @click.option("--product", type=click.IntRange(1, PRODUCT_MAX), help="Number of the product.")
    @click.option("--cost", default="0", show_default=True, help="What the house pays for it.")
    @click.option("--rule", help="A version, default/3; what is in force if not given.")
    @click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
    @click.pass_obj
    def simulate_(command: Command, /, **given: Any) -> None:
        """Say what everybody would earn on a sale of AMOUNT, 99.99."""
        with command.hub() as hub:
            currency = hub.config.currency
            question = Question(
                _money(given["amount"], currency),
                None if given["agent"] is None else AgentId(given["agent"]),
                given["product"],
                _money(given["cost"], currency).minor,
                None if given["rule"] is None else _ref(given["rule"]),
            )
            answer = simulate(question, outside, command.now_s())
            levels = {level.id: level.en for level in outside.levels()}
        if given["as_json"]:
            click.echo(json.dumps(answer_body(answer, levels), ensure_ascii=False))
            return
        sale, split = answer
        rule_name = str(split.rule.ref) if split.rule else "no rule set is in force"
        click.echo(f"{sale.amount}, {rule_name}")
        barred = {link.agent: link.barred for link in sale.chain}
        for share in sorted(split.shares, key=lambda s: (s.place, s.line)):
            cuts = explain.cuts(split, share, currency, barred[share.agent])
            why = "; ".join([explain.why(split, share, currency, levels), *cuts])
            click.echo(f"{share.agent:16} {decimal_text(share.minor, currency):>12}  {why}")
        if sale.cost_minor:
            click.echo(f"{'cost':16} {decimal_text(sale.cost_minor, currency):>12}")
        click.echo(f"{'the house':16} {decimal_text(split.house_minor, currency):>12}")

    @group.command("show")
    @click.argument("sale")
    @click.pass_obj
    def show(command: Command, sale: str) -> None:
        """Show what a SALE gave to whom, and by which rules, as JSON."""
        with command.hub():
            click.echo(json.dumps(shared_sale(sale), ensure_ascii=False, indent=2))


def _add_rules(group: click.Group, outside: Outside) -> None:
    @group.command("rules")
    @click.pass_obj
    def rules(command: Command) -> None:
        """List every version of every rule set."""
        with command.hub() as hub:
            zone = ZoneInfo(hub.config.timezone)
            for found in rule_sets.everything():
                _tell(found, zone)

    @group.command("draft")
    @click.argument("scope")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--note", default="", help="What it is for.")
    @click.option("--answered-for", default="", help="Why it goes beyond what is usual.")
    @click.pass_obj
    def draft(command: Command, scope: str, file: Path, note: str, answered_for: str) -> None:
        """Draft the next version for SCOPE (default, category:drinks, product:7) from a JSON
        FILE."""
        try:
            body = json.loads(file.read_text("utf-8"))
        except ValueError as exc:
            raise RequestInvalid(f"{file} is not JSON: {exc}") from exc
        with command.hub() as hub:
            levels = {level.id for level in outside.levels()}
            wanted = Draft(body, note, answered_for)
            found = rule_sets.draft(scope, wanted, levels, by=_ACTOR, at_s=command.now_s())
            _tell(found, ZoneInfo(hub.config.timezone))

    @group.command("activate")
    @click.argument("rule")
    @click.option("--from", "first", help="When it begins, 2026-05-01T00:00; now if not given.")
    @click.pass_obj
    def activate(command: Command, rule: str, first: str | None) -> None:
        """Let the draft RULE, default/3, be in force."""
        with command.hub() as hub:
            zone = ZoneInfo(hub.config.timezone)
            begins_s = None if first is None else form.read_moment(first, zone)
            now_s = command.now_s()
            _tell(rule_sets.activate(_ref(rule), begins_s, by=_ACTOR, now_s=now_s), zone)


def _add_release(group: click.Group, suspended: Callable[[], frozenset[AgentId]]) -> None:
    @group.command("release")
    @click.pass_obj
    def release(command: Command) -> None:
        """Release every commission whose hold is over. Exit code 1 if one could not be."""
        with command.hub() as hub:
            done = release_due(command.now_s(), timezone=hub.config.timezone, held=suspended())
        amounts = ", ".join(str(Money(minor, code)) for code, minor in done.minor.items())
        click.echo(f"{done.commissions} released{': ' if amounts else ''}{amounts}")
        if done.held:
            click.echo(f"{done.held} wait for a suspended agent")
        for fault in done.faults:
            click.echo(fault, err=True)
        sys.exit(1 if done.faults else 0)


def _tell(found: RuleVersion, zone: ZoneInfo) -> None:
    began = (
        "-" if found.from_s is None else f"{dt.datetime.fromtimestamp(found.from_s, zone):%F %T}"
    )
    name = f"{found.ref.scope}/{found.ref.version}"
    click.echo(f"{name:24} {found.state:8} {began:20} {found.note}".rstrip())


def _money(text: str, currency: str) -> Money:
    try:
        return parse_decimal(text, currency)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc


def _ref(text: str) -> RuleRef:
    scope, _, version = text.rpartition("/")
    if not (scope and version.isascii() and version.isdecimal() and len(version) <= 8):
        raise RequestInvalid(f"{text!r}: a version is written default/3")
    return RuleRef(Scope(scope), int(version))
