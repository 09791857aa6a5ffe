"""The unit: decides about a voucher without a network.

A map of the house, in the order of one scan:

    contract/     what unit and hub agree on: pure, and all that the hub may import
    redemption/   a voucher is presented: the local API, the clerk's page, the decision
    journal/      what this unit did, in a chain that cannot be altered unseen
    receipt/      what the paper says, and which paper is still owed
    devices/      printers, scanners and cameras, real and simulated; pictures/ reads codes, and
                  scanners/ ends at an inbox of scans
    bundles/      what the hub told this unit: keys, status, policy, product names
    peers/        the other units of the store: who is there, claims, entries that go round
    sync/         push and pull, enrolment, reservations at the hub, entries brought for others
    carried/      the same as files that a person carries
    clock/        what time it is, and how sure we are
    care/         doctor: every thing that the unit needs, on the command line and on a page
    service/      started, watched and started again by the machine
    web/          what every page shares
    core.py       the parts of a unit that redeems, put together; attached.py: its devices
    app.py        core and pages, served; cli.py and commands/ call it

Imports run downwards only; ``pyproject.toml`` holds the contracts that say so.
"""

__version__ = "0.1.0"
