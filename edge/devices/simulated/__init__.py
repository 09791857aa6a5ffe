"""A receipt printer made of software: it reads ESC/POS, shows the paper, and fails on request.

It ships with the product, for the demo, for trying a unit without hardware, and for the tests.

    escpos_commands   where one command ends and the next begins
    escpos_reader     what commands do to the paper;  escpos_head, escpos_settings  its parts
    escpos_paper      what came out: lines, pictures, codes, cuts
    paper_picture     the paper as a PNG;  code128  the bars in it
    machine           the printer without sockets: states, status bytes, faults
    printer           the printer at a TCP port, or at a serial line (serial_plug)
    pages             the paper in a browser, with switches for the faults
"""
