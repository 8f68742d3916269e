"""Saliency maps and changed films: what a model looks at, and what its answer changes with.

In: trained cells, images, breast masks. Out: tables/probes.csv, cams/*, and the tables collected from these. Imports
what analysis shares; no other room.
"""
