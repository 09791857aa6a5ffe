"""The hub: receives what the units did, issues vouchers, and holds the money.

A map of the house:

    foundation/   the ground floor: database, web, people; knows no feature
    money/        ledger; sharing: who earns what; channels: where money comes in and goes out;
                  payouts: it goes out, once; settlement: what stores are owed
    network/      agents: who sells, and who stands above whom
    stores/       keys, vouchers, units, redemptions: what the stores and their units see
    supply/       product_types: kinds of goods as data; catalogue: what is sold; prices: what it
                  costs, and why
    simulators/   stand-ins for what is outside; a program of its own, knows nothing of the hub
    app.py        the one module that knows all others; cli.py calls it

The contract with the units lives in ``edge.contract``; nothing else of ``edge`` may be imported
here (docs/decisions/0003). Imports run downwards only; ``pyproject.toml`` holds the contracts
that say so.
"""
