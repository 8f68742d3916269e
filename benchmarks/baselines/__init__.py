"""What has to be beaten: baselines that are fitted in every fold of every study, each a cell like an architecture's.

In: samples, folds, images and frozen features. Out: features_<view>.npy and the cells' files. Imports `cells`.
"""
