"""From rows to a printer: what it cannot print is drawn, and every wait has an end.

    pictures   dots as the commands of a profile
    codes      QR codes and Code 128, by the printer or drawn
    drawn      text and codes as dots;  fonts  where the glyphs come from
    address    where it is, as the settings say it
    link       what a wire promises;  descriptors  TCP, serial, /dev/usb/lp*
               usb_bulk  USB without a device of the kernel;  unreachable  why there is none
    dialects   whether it can print, and whether it has

``devices.escpos_bytes`` puts the bytes together, ``devices.printer_escpos`` sends them.
"""
