"""From rows to a printer: what it cannot print is drawn, and every wait has an end.

    pictures   dots as the commands of a profile
    codes      QR codes and Code 128, by the printer or drawn
    drawn      text and codes as dots;  fonts  where the glyphs come from
    link       the wire: TCP, serial, /dev/usb/lp*
    dialects   whether it can print, and whether it has

``devices.escpos_bytes`` puts the bytes together, ``devices.printer_escpos`` sends them.
"""
