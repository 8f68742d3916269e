"""One cell: an architecture or baseline, one protocol, one fold. Loaded, built, searched, fitted, tested, written.

In: samples, folds and images of a study. Out: results/<study>/cells/<architecture>/<protocol>/<fold>/*. Imports
`study`, `protocols` and `architectures`.
"""
