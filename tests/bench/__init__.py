"""Figures that are claimed, measured: ``./run bench``.

Machines differ by a factor of two and so do minutes of one machine. So every figure is a ratio to
a limit or a peer measured in the same run, in turns (A B A B …), and the median of the rounds'
ratios is what counts.
"""
