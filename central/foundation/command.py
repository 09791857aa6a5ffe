"""What a feature's commands are given: the settings in force, an open database, the clock.

``cli.py`` makes it and hangs the features' groups below ``tearoff-hub``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from central.config import HubConfig


class OpenHub(Protocol):
    """A hub whose database is connected."""

    @property
    def config(self) -> HubConfig:
        """The settings in force."""


class Command(Protocol):
    """The object of every command, ``@click.pass_obj``."""

    def hub(self) -> AbstractContextManager[OpenHub]:
        """Open the hub for as long as the command works on it."""

    def now_s(self) -> int:
        """Read the clock, Unix seconds."""
