"""Saliency maps, and changes of the predictions when films are edited.

In: trained cells, images, breast masks. Out: tables/probes.csv, cams/*, and the tables collected from cams/. Imports
modules that all of analysis shares, and no other room.
"""
