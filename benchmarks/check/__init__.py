"""Check an architecture's file or a publication's folder: what is wrong, where, and how to correct it.

In: architectures/<name>.py and a study. Out: messages with file and line; results/<study>/architectures/<name>.json.
`contract` checks a form that a study needs; the command `python -m benchmarks.check NAME` checks all else too.
`publication` checks a folder of benchmarks/publications, and its parts on the data if they are given.
Imports `cells`, `study`, `datasets`, `publications` and `architectures`.
"""
