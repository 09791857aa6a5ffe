"""The one door to money: double entry, in whole minor units, never changed."""
