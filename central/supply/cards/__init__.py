"""The card-key vault: other people's codes that we resell, from the file they come in to the buyer.

``intake`` reads, judges and takes them in; ``vault`` keeps them encrypted; ``reserve`` gives each
to one unit of an order at most; ``access`` shows them, one at a time, and remembers who has looked.
"""
