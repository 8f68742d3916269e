"""Checkpoints of long training: a killed process continues at the last one, and ends with the same weights.

In and out: <folder>/<epoch>.checkpoint, the last two (file.py), written and read by a callback of Keras (callback.py)
and bound to what is trained (fingerprint.py). Short training writes none. Imports `stored`, `backend` and `errors`.
"""
