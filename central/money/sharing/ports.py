"""What profit sharing asks of the wings above it. ``app.py`` fills it in; tests write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from central.money.sharing.model import AgentId, Link


class Named(NamedTuple):
    """Something that a person chooses from a list, with its names."""

    id: str
    zh: str
    en: str

    def name(self, locale: str) -> str:
        """The name in a language."""
        return self.zh if locale.startswith("zh") else self.en


@dataclass(frozen=True)
class Outside:
    """Agents and products, as far as sharing needs them.

    Args:
        chain_at: An agent and everybody above him at a moment; NotFound if there was none.
        agents: Who may have sold something.
        levels: The highest first.
        category_of: Of a product; empty if it has none. NotFound if there is no such product.
    """

    chain_at: Callable[[AgentId, int], tuple[Link, ...]]
    agents: Callable[[], Sequence[Named]]
    levels: Callable[[], Sequence[Named]]
    products: Callable[[], Sequence[Named]]
    category_of: Callable[[int], str]
