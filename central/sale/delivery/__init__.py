"""Delivery: what a buyer sees of what he has bought, once he has shown that he is the buyer."""
