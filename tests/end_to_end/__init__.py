"""Unit, hub and printer together: what only holds if all of them hold.

test_one_scan      the tour of the system, from the sale to the store's statement
test_outage        a hub that answers nonsense, or not at all, and comes back
test_kill          units that are killed, again and again
test_kill_hub      a hub that is killed while it takes pushes, on both engines
test_demo          what ``./run demo`` says of itself, held against what it left
test_judge         the demo's own judge finds everything that is bent
test_by_commands   one scan by the commands alone, on both engines
test_edge_alone    the unit's wheel without the hub, in an environment of its own
test_addresses     programs that cannot listen where they are told

shop               a hub with a store, served at a port of this machine, and the unit's enrolment
demo_run           one performance of the demo, for all tests that look at it
killed_till        a till whose unit is killed, and what is left of it
forked             units as processes that start quickly
stranger           reads what is left, and shares no code with us
"""
