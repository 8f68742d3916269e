"""Model of the service: choice of the cell, prediction, saliency map, model card, checks of the uploaded film.

In: a cell's folder, a decoded film. Out: prediction, saliency map, honest scores, distance from the training films,
the known film of which the upload is a copy.
"""
