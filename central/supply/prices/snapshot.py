"""A quote as canonical JSON, which an order keeps; and as it may be shown. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from central.supply.catalogue.model import SkuId
from central.supply.prices.model import Quote, Split, Step, StepKind

VERSION = 1


def to_snapshot(quote: Quote, split: Split | None = None) -> str:
    """Return a quote as text: the same bytes for the same quote.

    Args:
        split: Of a bundle, by what its price is split over its parts.

    It holds cost and floor: it is for the order's row, never for a page; ``seen`` is for those.
    """
    body = {"v": VERSION, **_head(quote), "steps": [_step(step) for step in quote.steps]}
    if split is not None:
        parts = [dataclasses.asdict(part) for part in split.parts]
        body["split"] = {"by": str(split.by), "parts": parts}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_snapshot(text: str) -> Quote:
    """Return the quote of a snapshot.

    Raises:
        ValueError: it is none, or of a version that is not known.
    """
    body = json.loads(text)
    if not isinstance(body, dict) or body.get("v") != VERSION:
        raise ValueError("this is no snapshot of a quote that is known here")
    steps = tuple(
        Step(
            StepKind(step["kind"]), step["source"], step["version"], step["names"],
            step["unit_minor"], step["figures"],
        )
        for step in body["steps"]
    )  # fmt: skip
    found = Quote(
        SkuId(body["sku"]), body["quantity"], body["currency"], body["unit_minor"], body["at_s"],
        body["channel"], body["agent"], body["level"], body["is_member"], steps,
    )  # fmt: skip
    if found.total.minor != body["total_minor"]:
        raise ValueError("the total of this snapshot is not that of its pieces")
    return found


def seen(quote: Quote, sentence: Callable[[Step], str], *, sees_cost: bool) -> dict[str, Any]:
    """Return a quote as it may be shown to somebody.

    Who does not see what things cost the house gets the price, and by which book and promotion it
    is; no amount in between, no rate, nothing of cost or floor: from those they would follow.

    Args:
        sentence: What a step says, in a language.
    """
    body = _head(quote)
    if sees_cost:
        body["steps"] = [_step(step) | {"text": sentence(step)} for step in quote.steps]
    else:
        body["by"] = [
            {"kind": str(step.kind), "source": step.source, "names": dict(step.names)}
            for step in quote.steps
            if step.kind in {StepKind.PROMOTION, StepKind.MEMBER}
        ]
    return body


def _head(quote: Quote) -> dict[str, Any]:
    return {
        "sku": quote.sku, "quantity": quote.quantity, "currency": quote.currency,
        "unit_minor": quote.unit_minor, "total_minor": quote.total.minor, "at_s": quote.at_s,
        "channel": quote.channel, "agent": quote.agent, "level": quote.level,
        "is_member": quote.is_member,
    }  # fmt: skip


def _step(step: Step) -> dict[str, Any]:
    figures: Mapping[str, int | str] = step.figures
    return {
        "kind": str(step.kind), "source": step.source, "version": step.version,
        "names": dict(step.names), "unit_minor": step.unit_minor, "figures": dict(figures),
    }  # fmt: skip
