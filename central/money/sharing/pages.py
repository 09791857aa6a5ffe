"""Rule sets on pages, and what everybody would earn on a sale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.money.sharing import explain, form, rule_sets
from central.money.sharing.model import DEFAULT_SCOPE, AgentId, RuleRef, RuleSet, Scope
from central.money.sharing.ports import Outside
from central.money.sharing.rule_body import RuleInvalid, parse_scope
from central.money.sharing.rule_sets import Draft, RuleVersion
from central.money.sharing.simulate import Answer, Question, simulate
from edge.contract.money import parse_decimal


class _Pages:
    """What the routes share: whom to ask, in which currency, and where the clock is."""

    def __init__(
        self, outside: Outside, currency: str, timezone: str, now_s: Callable[[], int]
    ) -> None:
        self.outside = outside
        self.currency = currency
        self.zone = ZoneInfo(timezone)
        self.now_s = now_s

    # --- names -----------------------------------------------------------------------------------

    def levels(self) -> dict[str, str]:
        """Return the levels' names, the highest first."""
        return {level.id: level.name(explain.locale()) for level in self.outside.levels()}

    def products(self) -> dict[str, str]:
        """Return the products' names, by number."""
        return {product.id: product.name(explain.locale()) for product in self.outside.products()}

    def words(self) -> dict[str, Any]:
        """Return what the templates say things with."""
        levels, products = self.levels(), self.products()
        return {
            "line_text": lambda line: explain.line_text(line, self.currency, levels),
            "rule_text": explain.rule_text,
            "scope_text": lambda scope: explain.scope_text(scope, products),
            "version_states": explain.VERSION_STATES,
            "version_looks": explain.VERSION_LOOKS,
            "levels": levels,
            "products": products,
            "currency": self.currency,
            "note": session.pop("note", None),
        }

    def stages(self, versions: list[RuleVersion]) -> dict[RuleRef, str]:
        """Return where each version stands now: draft, later, in-force, past."""
        now = self.now_s()
        begun: dict[Scope, tuple[int, RuleRef]] = {}
        for found in versions:
            if found.from_s is not None and found.from_s <= now:
                newest = begun.get(found.ref.scope)
                if newest is None or newest[0] < found.from_s:
                    begun[found.ref.scope] = found.from_s, found.ref
        stages = {}
        for found in versions:
            if found.from_s is None:
                stages[found.ref] = "draft"
            elif found.from_s > now:
                stages[found.ref] = "later"
            else:
                stages[found.ref] = "in-force" if begun[found.ref.scope][1] == found.ref else "past"
        return stages

    # --- rule sets -------------------------------------------------------------------------------

    def list_rules(self) -> str:
        """Show every scope with what is in force, what comes, and what is only drafted."""
        versions = rule_sets.everything()
        stages = self.stages(versions)
        scopes: dict[str, list[RuleVersion]] = {}
        for found in versions:
            if stages[found.ref] != "past":
                scopes.setdefault(found.ref.scope, []).append(found)
        return render_template("sharing/rules.html", scopes=scopes, stages=stages, **self.words())

    def one_scope(self, scope: str) -> str:
        """Show every version of a scope, the newest first."""
        known = _scope(scope)
        versions = rule_sets.versions(known)
        return render_template(
            "sharing/scope.html", scope=known, versions=versions, stages=self.stages(versions),
            **self.words(),
        )  # fmt: skip

    def edit(self, scope: str, version: int | None) -> Any:
        """Show the form of a draft, or of a new version; or take what was typed."""
        known = _scope(scope)
        if request.method == "POST":
            return self._save(known, version)
        if version is not None:
            found: RuleVersion | None = rule_sets.get(RuleRef(known, version))
        else:
            found = next(iter(rule_sets.versions(known)), None)
        rule = found.rule if found else RuleSet(self.currency)
        fields = form.fields_of(rule, self.currency)
        if found:
            fields |= {"note": found.note, "answered_for": found.answered_for}
        return self._form(known, version, fields)

    def _save(self, scope: Scope, version: int | None) -> Any:
        fields = form.closed_up(request.form.to_dict())
        levels = [level.id for level in self.outside.levels()]
        try:
            body = form.body_of(fields, self.currency, levels)
            wanted = Draft(body, fields.get("note", ""), fields.get("answered_for", ""))
            by, at_s = current_user.name, self.now_s()
            if version is None:
                saved = rule_sets.draft(scope, wanted, levels, by=by, at_s=at_s)
            else:
                ref = RuleRef(scope, version)
                saved = rule_sets.edit(ref, wanted, levels, by=by, at_s=at_s)
        except RuleInvalid as exc:
            return self._form(scope, version, fields, _told(exc.sentence, exc.line)), 400
        except HubError as exc:
            line = int(exc.extra.get("line", 0))
            return self._form(scope, version, fields, _told(exc.detail, line)), exc.status
        session["note"] = ["good", gettext("Version %(n)d is saved.", n=saved.ref.version)]
        return redirect(url_for("sharing.scope", scope=scope))

    def _form(
        self, scope: Scope, version: int | None, fields: Mapping[str, str], error: str = ""
    ) -> str:
        return render_template(
            "sharing/form.html", scope=scope, version=version, fields=fields, error=error,
            rows=form.rows_of(fields), to=explain.TO, **self.words(),
        )  # fmt: skip

    def do(self, scope: str, version: int, work: str) -> Response:
        """Activate, withdraw or throw away a version."""
        ref = RuleRef(_scope(scope), version)
        try:
            if work == "activate":
                first = request.form.get("from", "")
                begins_s = form.read_moment(first, self.zone) if first else None
                done = rule_sets.activate(ref, begins_s, by=current_user.name, now_s=self.now_s())
                note = gettext("Version %(n)d is active.", n=done.ref.version)
            elif work == "withdraw":
                rule_sets.withdraw(ref, now_s=self.now_s())
                note = gettext("Version %(n)d is a draft again.", n=version)
            else:
                rule_sets.discard(ref)
                note = gettext("Version %(n)d is thrown away.", n=version)
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
        else:
            session["note"] = ["good", note]
        return redirect(url_for("sharing.scope", scope=scope))

    # --- what everybody would earn ---------------------------------------------------------------

    def simulated(self) -> Any:
        """Show the question, and the answer if one was asked."""
        asked = request.args.to_dict()
        answer, error, status = None, "", 200
        if asked.get("amount"):
            try:
                answer = simulate(self._question(asked), self.outside, self.now_s())
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
        page = render_template(
            "sharing/simulate.html", asked=asked, answer=answer, error=error,
            agents=self.outside.agents(), versions=rule_sets.everything(),
            result=self._result(answer) if answer else None, **self.words(),
        )  # fmt: skip
        return page, status

    def _question(self, asked: Mapping[str, str]) -> Question:
        try:
            amount = parse_decimal(asked["amount"], self.currency)
            cost = parse_decimal(asked.get("cost") or "0", self.currency)
            product = _number(asked.get("product", ""))
            scope, _, version = asked.get("rule", "").rpartition("/")
            rule = RuleRef(parse_scope(scope), _number(version) or 0) if scope else None
        except ValueError as exc:
            raise RequestInvalid(N_("Something that was asked for cannot be read.")) from exc
        agent = AgentId(asked["agent"]) if asked.get("agent") else None
        return Question(amount, agent, product, cost.minor, rule)

    def _result(self, answer: Answer) -> dict[str, Any]:
        sale, split = answer
        levels = self.levels()
        names = {agent.id: agent.name(explain.locale()) for agent in self.outside.agents()}
        barred = {link.agent: link.barred for link in sale.chain}
        places = [
            {
                "share": share,
                "name": names.get(share.agent, ""),
                "why": explain.why(split, share, self.currency, levels),
                "exact": explain.exact_text(split, share, self.currency),
                "cuts": explain.cuts(split, share, self.currency, barred[share.agent]),
            }
            for share in sorted(split.shares, key=lambda s: (s.place, s.line))
        ]
        return {
            "shares": places,
            "names": names,
            "chain": sale.chain,
            "taken": sum(split.by_agent.values()),
            "nobody": [(n, split.rule.rule.lines[n - 1]) for n in split.nobody if split.rule],
        }


def blueprint(
    outside: Outside, currency: str, timezone: str, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("sharing", __name__, url_prefix="/sharing")
    shown = _Pages(outside, currency, timezone, now_s)

    @pages.get("")
    @needs(Permission.SHARING_READ)
    def rules() -> str:
        return shown.list_rules()

    @pages.get("/simulate")
    @needs(Permission.SHARING_READ)
    def simulation() -> Any:
        return shown.simulated()

    @pages.get("/rules/")
    @needs(Permission.SHARING_READ)
    def chosen() -> Response:
        return redirect(url_for("sharing.scope", scope=_chosen_scope(request.args)))

    @pages.get("/rules/<scope>")
    @needs(Permission.SHARING_READ)
    def scope(scope: str) -> str:
        return shown.one_scope(scope)

    @pages.route("/rules/<scope>/new", methods=["GET", "POST"])
    @needs(Permission.SHARING_MANAGE)
    def new(scope: str) -> Any:
        return shown.edit(scope, None)

    @pages.route("/rules/<scope>/<int(max=99999999):version>/edit", methods=["GET", "POST"])
    @needs(Permission.SHARING_MANAGE)
    def edit(scope: str, version: int) -> Any:
        return shown.edit(scope, version)

    @pages.post(
        "/rules/<scope>/<int(max=99999999):version>/<any(activate, withdraw, discard):work>"
    )
    @needs(Permission.SHARING_MANAGE)
    def change(scope: str, version: int, work: str) -> Response:
        return shown.do(scope, version, work)

    return pages


def _scope(text: str) -> Scope:
    try:
        return parse_scope(text)
    except RuleInvalid as exc:
        raise RequestInvalid(exc.sentence) from exc


def _chosen_scope(asked: Mapping[str, str]) -> Scope:
    """Return the scope that a form has asked for: a product from the list, or a category."""
    category = asked.get("category", "").strip().lower()
    return _scope(f"category:{category}" if category else asked.get("scope", DEFAULT_SCOPE))


def _number(text: str) -> int | None:
    """Read a small number; None if nothing was chosen."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 8):
        raise ValueError("not a number of this hub")
    return int(text)


def _told(sentence: str, line: int) -> str:
    said = in_words(sentence, gettext)
    return f"{gettext('Line %(n)d', n=line)}: {said}" if line else said
