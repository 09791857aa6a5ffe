"""The rows of the room: suppliers and accounts, offers, purchases and attempts, alerts."""
