"""Check an architecture's file: what is wrong, at which line, and how to correct it.

In: architectures/<name>.py and a study. Out: messages with file and line; results/<study>/architectures/<name>.json.
`contract` checks a form that a study needs; the command `python -m benchmarks.check NAME` checks all else too.
Imports `cells`, `study` and `architectures`.
"""
