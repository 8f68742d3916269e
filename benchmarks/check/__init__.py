"""What is wrong with an architecture's file, and how to correct it.

In: architectures/<name>.py and a study. Out: messages with file and line; results/<study>/architectures/<name>.json.
Imports `cells`, `study` and `architectures`.
"""
