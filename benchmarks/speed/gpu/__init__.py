"""Speed of a GPU that is at hand for minutes: python -m benchmarks.speed.gpu (docs/gpu.md).

In: a study, whose architectures are trained on phantoms. Out: a JSON file, written after each step. `__main__` runs the
`steps` within the time. `worker` trains in a process of its own on the GPU (`device`, `operations`); `workers` starts
these processes, and has them train alone or side by side. `foretell` extrapolates, `fold` trains one fold of real
images.
"""
