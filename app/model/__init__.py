"""Model of the service: choice of the cell, prediction, saliency map, model card, out-of-distribution check.

In: a cell's folder, a decoded film. Out: prediction, saliency map, honest scores, distance from the training films.
"""
