"""The main job, told and checked: what ``./run demo`` shows and the test suite runs.

scenario       the first five acts, in order
supplied_shop  the sixth: a shop with two suppliers
processes      hub, units, printers and simulators as processes of their own
holder         the phone of a voucher's holder
buyer          the browser and the phone of somebody who buys
facts          what is read back from the running services, and what must hold
shop_facts     the same of the sixth act
"""
