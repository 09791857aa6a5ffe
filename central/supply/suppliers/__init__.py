"""Whom we buy from: which supplier a unit goes to, the purchase itself, prices, stock, balances.

model.py, route.py, next_step.py, health.py are pure; buy.py is the machine; adapters/ speak the
suppliers' protocols behind ports.py; records/ holds the rows.
"""
