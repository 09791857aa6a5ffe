"""From a picture to the text of its code.

opening.py   a file -> gray pixels, whatever kind of file it is
engines.py   gray pixels -> the codes that zxing-cpp or zbar sees in them
filters.py   gray pixels -> gray pixels in which more is seen; bars.py the same for codes of bars
still.py     one picture, time at hand: every look that ever read a code, until one does
child.py     the program of the child process, which alone loads OpenCV
decoder.py   the unit's end of it; wire.py what travels between the two
commands.py  tearoff-unit scan-image

A camera's frames go through the same engines and filters: edge/devices/camera.
"""
