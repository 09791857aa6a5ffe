"""Outside parties as processes of their own: they verify strictly and misbehave on request.

Nothing here shares code with the adapters that talk to it: two halves that sign with the same
function would agree on the same mistake. ``pyproject.toml`` has the contract that says so.
"""
