"""The hub's own keys: what signs vouchers and messages, and the ladder of rotating codes."""
