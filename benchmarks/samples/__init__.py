"""Decoding of a study's images, and their split into folds.

In: a data set and the study's settings. Out: samples.parquet, images_*.npy, masks_*.npy, dataset.json, folds/*.parquet.
Imports `study`, `datasets` and `protocols`.
"""
