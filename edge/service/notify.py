"""Tells the service manager how the unit is. Source: sd_notify(3), by its protocol alone."""

from __future__ import annotations

import logging
import socket

log = logging.getLogger(__name__)


class Notifier:
    """Sends notes to the socket that the service manager listens at.

    Args:
        address: Of ``NOTIFY_SOCKET``: a path, or ``@`` and a name; empty where nobody listens.
    """

    def __init__(self, address: str) -> None:
        # sd_notify(3): a leading @ stands for the NUL of Linux's abstract names.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def send(self, *notes: str) -> bool:
        """Send notes like ``READY=1``; say whether they were taken. Never raises, never waits."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(0)
                sender.sendto("\n".join(notes).encode(), self._address)
        except OSError as exc:
            log.warning("the service manager did not take %s: %s", notes[0], exc)
            return False
        return True
