"""How every figure and contact sheet looks: style, colours, sheets of images.

In: arrays and names. Out: Matplotlib figures, saved as SVG and PDF. Imports no other room.
"""
