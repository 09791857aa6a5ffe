"""What commands are given that sign with the hub's keys."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from central.foundation.command import OpenHub
from central.stores.keys.keyring import Keyring


class HubWithKeys(OpenHub, Protocol):
    """A hub whose database is connected and whose keys are read."""

    @property
    def keyring(self) -> Keyring:
        """Its keys."""


class CommandWithKeys(Protocol):
    """The object of every command, ``@click.pass_obj``."""

    def hub(self) -> AbstractContextManager[HubWithKeys]:
        """Open the hub for as long as the command works on it."""

    def now_s(self) -> int:
        """Read the clock, Unix seconds."""
