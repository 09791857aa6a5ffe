"""Orders: placed, paid, served unit by unit, completed, refunded; nothing of it is ever dropped."""
