"""Replays: the networks of other publications, trained by their own recipes.

In: a study's samples, images and folds, and benchmarks/publications/<name>/ (publication.yaml, variants.py). Out: folds
of a publication's own split (folds.py), and predictions, history and runtime of each replay (replay.py):

    results/<study>/folds/<split>.parquet
    results/<study>/replays/<publication>/<variant>/<protocol>/<fold>/
"""
