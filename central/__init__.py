"""The hub: receives what the units did, and holds sale, supply and money.

The contract with the units lives in ``edge.contract``; nothing else of ``edge`` may be imported
here (docs/decisions/0003).
"""
