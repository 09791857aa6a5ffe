"""One class a protocol. Each verifies strictly, sends once, and says what it does not know."""
