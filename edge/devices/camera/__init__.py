"""A camera as a scanner: its frames meet the engines and filters of ``edge.devices.pictures``.

Four processes, so that each can be killed when it hangs, and one that dies takes no other along:

unit       scanner.py   a ``Scanner`` like any other; loads neither OpenCV nor NumPy
└ overseer overseer.py  loads the libraries, forks the two below, watches them; looks at no pixel
  ├ capture  capture.py   camera or file -> gray frames on the shelf
  └ watcher  watch.py     newest frame of the shelf -> codes, each told once

shelf.py is the memory that they share; stream.py says what a source of frames is;
commands.py is ``tearoff-unit camera``.
"""
