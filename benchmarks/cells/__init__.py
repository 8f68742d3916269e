"""One cell: an architecture or baseline under one protocol in one fold.

In: samples, folds and images of a study. Out: results/<study>/cells/<architecture>/<protocol>/<fold>/*.
`training` calls the steps in order: load, model (build), search, fit, predict, write. Imports `study`, `protocols` and
`architectures`.
"""
