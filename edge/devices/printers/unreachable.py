"""Why a printer cannot be reached, as a sentence for whoever stands before it."""

from __future__ import annotations

import errno
import socket

from edge.devices.finding import Said
from edge.errors import N_


class NotReached(OSError):
    """It cannot be reached, and the reason is known."""

    def __init__(self, why: Said) -> None:
        super().__init__(0, str(why))
        self.why = why


class TakesNothing(TimeoutError):
    """It is there, and has taken only a part of what was written in the time."""

    def __init__(self) -> None:
        super().__init__("the printer takes nothing")


_FULL = N_("it takes no more data: has it paper, and is its cover closed?")
_NOT_THERE = N_("there is no such device: is it switched on and plugged in?")
_SILENT = N_("nothing answers at that address: is it switched on, and in this network?")
_NOT_ALLOWED = N_("this user may not use it: `sudo tearoff-unit install-service` lets the unit")
_TAKEN = N_("another program has it open")
_REFUSED = N_("nothing listens at that port: is it switched on, and is the port right?")
_NO_HOST = N_("there is no machine of that name in this network")
_STALLED = N_("it refused what was sent to it: switch it off and on")
_OTHER = N_("the system says: {error}")

_BY_NUMBER = {
    errno.ENOENT: _NOT_THERE,
    errno.ENODEV: _NOT_THERE,
    errno.ENXIO: _NOT_THERE,
    errno.EHOSTUNREACH: _SILENT,
    errno.ENETUNREACH: _SILENT,
    errno.ETIMEDOUT: _SILENT,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EBUSY: _TAKEN,
    errno.EAGAIN: _TAKEN,
    errno.ECONNREFUSED: _REFUSED,
    errno.EPIPE: _STALLED,
}


def why_unreachable(exc: OSError) -> Said:
    """Return the reason."""
    if isinstance(exc, NotReached):
        return exc.why
    if isinstance(exc, TakesNothing):
        return Said(_FULL)
    if isinstance(exc, socket.gaierror):
        return Said(_NO_HOST)
    if isinstance(exc, TimeoutError) and exc.errno is None:
        return Said(_SILENT)
    if exc.errno in _BY_NUMBER:
        return Said(_BY_NUMBER[exc.errno])
    return Said(_OTHER, error=exc.strerror or str(exc))
