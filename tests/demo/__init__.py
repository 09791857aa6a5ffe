"""The main job, told and checked: what ``./run demo`` shows and the test suite runs.

scenario     the five acts, in order
processes    hub, units and printers as processes of their own
holder       the customer's phone
facts        what is read back from the running services, and what must hold
"""
