"""What programs may read of reconciliation, and do. Described at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from central.foundation.people.roles import Permission
from central.foundation.web.describe import problems
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.reconciliation import api_json as shapes
from central.money.reconciliation.files.layouts import load
from central.money.reconciliation.files.take import take_file
from central.money.reconciliation.link import link
from central.money.reconciliation.model import By
from central.money.reconciliation.overview import bills_taken
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.settle import settle, settlements
from central.money.reconciliation.unproven import unproven

SECURITY: list[dict[str, list[str]]] = [{"api_key": []}]
_TAG = Tag(name="reconciliation", description="What others say they moved, against our books.")


def blueprint(statements_file: Path, timezone: str, now_s: Callable[[], int]) -> APIBlueprint:
    """Return the routes."""
    api = APIBlueprint(
        "reconciliation_api", __name__, url_prefix="/v1/reconciliation", abp_tags=[_TAG],
        abp_security=SECURITY, abp_responses=problems(400, 401, 403, 422, 500),
    )  # fmt: skip

    def by() -> By:
        at_s = now_s()
        return By(at_s, business_day(at_s, timezone), actor())

    _bills(api, statements_file, by)
    _differences(api, now_s, by)
    _settlements(api, by)
    return api


def _bills(api: APIBlueprint, statements_file: Path, by: Callable[[], By]) -> None:
    @api.get(
        "/bills", summary="Bills that were taken, the newest day first",
        responses={200: shapes.TakenBillsJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def bills(query: shapes.WhichBills) -> Response:
        found = bills_taken(account=query.account, limit=query.limit)
        return jsonify({"bills": [shapes.of_bill(one) for one in found]})

    @api.post(
        "/files/<source>", summary="Take a bank's or a supplier's file in; again is harmless",
        responses={200: shapes.MatchedBillsJson, **problems(404, 409, 413)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def take(path: shapes.SourcePath, raw: shapes.StatementFile) -> Response:
        taken = take_file(load(statements_file), path.source, raw.get_data(), by())
        return jsonify({"bills": [shapes.of_taken(one) for one in taken]})


def _differences(api: APIBlueprint, now_s: Callable[[], int], by: Callable[[], By]) -> None:
    @api.get(
        "/differences", summary="Where bills and books differ, the oldest first",
        responses={200: shapes.DifferencesJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def all_differences(query: shapes.WhichDifferences) -> Response:
        found = differences(
            all_of_them=query.state == "all", account=query.account, limit=query.limit
        )
        at_s = now_s()
        return jsonify({"differences": [shapes.of_difference(one, at_s) for one in found]})

    @api.post(
        "/differences/<int:difference_id>/resolve", summary="Post it to where it belongs, once",
        responses={200: shapes.DifferenceJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def put_right(path: shapes.DifferencePath, body: shapes.ResolutionJson) -> Response:
        one = resolve(path.difference_id, Decision(body.account, body.reason), by())
        return jsonify(shapes.of_difference(one, now_s()))

    @api.post(
        "/differences/<int:difference_id>/link",
        summary="Say that the line is an entry of our books; nothing is posted",
        responses={200: shapes.DifferenceJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def same(path: shapes.DifferencePath, body: shapes.SameJson) -> Response:
        one = link(path.difference_id, body.entry_id, body.reason, by())
        return jsonify(shapes.of_difference(one, now_s()))

    @api.get(
        "/unproven", summary="What our books say and no bill has, the oldest first",
        responses={200: shapes.AllUnprovenJson},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def all_unproven(query: shapes.WhichBills) -> Response:
        found = unproven(query.account, limit=query.limit)
        return jsonify({"entries": [shapes.of_unproven(one) for one in found]})


def _settlements(api: APIBlueprint, by: Callable[[], By]) -> None:
    @api.get(
        "/settlements/<channel>/<int:day>",
        summary="What a day's bills settle, before it is posted",
        responses={200: shapes.SettledDayJson, **problems(404)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_READ)
    def proposed(path: shapes.DayPath) -> Response:
        found = settlements(path.channel, path.day)
        return jsonify({"parts": [shapes.of_settlement(one) for one in found]})

    @api.post(
        "/settlements/<channel>/<int:day>", summary="Post what a day's bills settle, once",
        responses={200: shapes.SettledDayJson, **problems(404, 409)},
    )  # fmt: skip
    @needs(Permission.SETTLEMENT_MANAGE)
    def post_it(path: shapes.DayPath) -> Response:
        found = settle(path.channel, path.day, by())
        return jsonify({"parts": [shapes.of_settlement(one) for one in found]})
