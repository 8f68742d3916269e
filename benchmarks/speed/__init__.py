"""Measurements of speed and memory: each script prints a table, whose ratios come from one run on one machine.

python -m benchmarks.speed.search > benchmarks/speed/search.csv
python -m benchmarks.speed.overhead > benchmarks/speed/overhead.csv
python -m benchmarks.speed.pipeline ZIP > benchmarks/speed/pipeline.csv
python -m benchmarks.speed.gpu    writes benchmarks/reference/gpu_<card>.json
python -m app.speed CELL... > benchmarks/speed/service.csv
python -m app.endurance > benchmarks/speed/memory.csv
"""
