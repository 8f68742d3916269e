"""Style of every figure and contact sheet: colours, fonts, panels and sheets of images.

In: arrays and names. Out: Matplotlib figures, saved as SVG and PDF. Imports no other room.
"""
