"""Answers a request of any protocol, or lets it go wrong."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from central.simulators.parts.books import Row
from central.simulators.parts.misbehave import cut
from central.simulators.supplier.faults import ANSWER_FAULTS, ORDER_FAULTS, STATEMENT_FAULTS
from central.simulators.supplier.world import World

_QUERY_FAULTS = dict.fromkeys(("error-before", "lost-before", "garbage"), "")


def buying(
    world: World, shop: str, ref: str, work: Callable[[str], Response],
    strange: Callable[[], Response],
) -> Response:  # fmt: skip
    """Serve a purchase. ``work`` gets the fault of the order itself; empty for none."""
    fault = world.faults.take(shop, ref, ANSWER_FAULTS, ORDER_FAULTS)
    answer = _buying(world, fault, work, strange)
    world.note(shop, "buy", ref, f"{answer.status_code}", fault)
    return answer


def _buying(  # noqa: PLR0911 - a list of faults
    world: World, fault: str, work: Callable[[str], Response], strange: Callable[[], Response]
) -> Response:
    if fault == "error-before":
        return Response("service unavailable", 503)
    if fault == "lost-before":
        return cut()
    if fault == "new-code":
        return strange()
    answer = work(fault if fault in ORDER_FAULTS else "")
    if fault == "error-after":
        return Response("internal error", 500)
    if fault in {"lost-after", "late"}:
        return cut()
    if fault == "hang":
        world.pause(world.slow_s)
        return cut()
    if fault == "garbage":
        return Response("<html><body>502 Bad Gateway</body></html>", 200)
    return answer


def listing(
    world: World, shop: str, day: str, work: Callable[[list[Row], str], Response]
) -> Response:
    """Serve a day's statement. ``work`` gets its orders and the fault, empty for none."""
    fault = world.faults.take(shop, day, STATEMENT_FAULTS)
    if fault == "statement-late":
        answer = Response("not yet", 503)
    else:
        answer = work(world.on_day(shop, day, fault), fault)
    world.note(shop, "statement", day, f"{answer.status_code}", fault)
    return answer


def asking(world: World, shop: str, ref: str, work: Callable[[], Response]) -> Response:
    """Serve a question."""
    fault = world.faults.take(shop, ref, _QUERY_FAULTS)
    if fault == "error-before":
        answer = Response("service unavailable", 503)
    elif fault == "lost-before":
        answer = cut()
    elif fault == "garbage":
        answer = Response("<html>", 200)
    else:
        answer = work()
    world.note(shop, "query", ref, f"{answer.status_code}", fault)
    return answer
