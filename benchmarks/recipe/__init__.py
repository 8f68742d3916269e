"""Training by a study's recipe: one cycle of fixed length, from images or from cached maps of a frozen network.

In: samples, folds and images; maps_<architecture>.npy. Out: the best model of a cell. Imports `cells`.
"""
