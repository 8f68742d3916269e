"""Check an architecture's file or a publication's folder: what is wrong, where, and how to correct it.

In: architectures/<name>.py and a study. Out: messages with file and line; results/<study>/architectures/<name>.json.
`contract` checks a form that a study needs; the command `python -m benchmarks.check NAME` checks all else too.
`publication` checks a folder of benchmarks/publications: its figures, its parts (parts.py), its networks (networks.py),
and prints its row of the survey (row.py).
Imports `cells`, `replays`, `study`, `datasets`, `publications` and `architectures`.
"""
