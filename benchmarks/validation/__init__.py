"""Tests of the method: do the bias checks find planted shortcuts, does the published recipe reach published figures?

In: phantoms with planted shortcuts, or a real data set. Out: the CSV files of benchmarks/reference. Entry points, which
may import every other room of benchmarks.
"""
