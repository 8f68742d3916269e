"""A trained cell as the service sees it: chosen, loaded, asked, with its model card and its limits.

In: a cell's folder, a decoded film. Out: prediction, saliency map, honest scores, verdict whether it is such a film.
"""
