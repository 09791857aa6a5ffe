"""The holder's page: a voucher on its holder's phone, and what the phone may ask for."""
