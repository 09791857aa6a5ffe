"""Units, hub, tills and customers in one process and in virtual time, and everything goes wrong.

What is simulated is the disk's failures, the clocks, the network and who does what when. What
decides, records, signs and settles is the product's own code.

    run.py          the command line: ``./run simulate``
    mix.py          what one seed is made of: a swarm of faults, some left out
    world.py        one seed from beginning to end; steps.py what can happen next
    machine.py      one till, put together out of the unit's core
    disk.py         real SQLite and a real anchor whose writes fail, or are the last
    network.py      loss, replay, lateness, one-way cuts, and others who act meanwhile
    hub/            the hub's rules in memory
    further/        what only some worlds have: leases, grants, refunds of a part, a store
    lan/            the tills of one store among themselves, and people at several tills at once
    customers.py    what is shown and asked, and what was told
    rules/          what must hold: of each answer, in the hub's books, and once all is at rest
    bugs/           mistakes that are planted to see that each is found
"""
