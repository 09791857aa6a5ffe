"""The unit: decides about a voucher without a network.

A map of the house, in the order of one scan:

    contract/     what unit and hub agree on: pure, and all that the hub may import
    redemption/   a voucher is presented: the local API, the clerk's page, the decision
    journal/      what this unit did, in a chain that cannot be altered unseen
    receipt/      what the paper says, and which paper is still owed
    devices/      printers and scanners, real and simulated
    bundles/      what the hub told this unit: keys, status, policy, product names
    sync/         push and pull, enrolment, reservations at the hub
    clock/        what time it is, and how sure we are
    care/         doctor
    web/          what every page shares
    app.py        the one module that knows all others; cli.py calls it

Imports run downwards only; ``pyproject.toml`` holds the contracts that say so.
"""

__version__ = "0.1.0"
