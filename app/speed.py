"""Requests a second of the service, and of the published code path: it loads the model for every request.

    python -m app.speed CELL... > benchmarks/speed/service.csv

Both answer POST /generate_heatmap with the same films of the study, under the same server (uvicorn, one process) with
TensorFlow on one thread, in turn, each round by new processes. The published path loads the model by
Keras' defaults, makes the published heat map (heatmaps.py) and draws it. Columns: study, architecture,
image_size, round, service, clients (each sends its next request when it has the answer to its last), requests, seconds,
requests_per_second, median_ms, p99_ms, cpu_ms (of the service, a request), failed (not answered with 200), ratio (of
requests a second, to the published path of the round), and those of benchmarks/reference.
"""

import argparse
import base64
import contextlib
import http.client
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import psutil

from app.model.choose import ServedCell, choose
from app.model.picture import overlay, png
from app.settings import PREFIX, Settings
from benchmarks import backend
from benchmarks.errors import run_cli
from benchmarks.reference import about

PUBLISHED, OURS = "published", "ours"
FACTORIES = {PUBLISHED: "app.speed:published_app", OURS: "app.api:create_app"}
CLIENTS = (1, 4, 16)
BOUNDARY = "film"
START = 180  # seconds that a service may take to start


def published_app():
    """A service as published: nothing is kept between requests. FastAPI runs its plain function in threads."""
    from fastapi import FastAPI, File, UploadFile

    import architectures

    settings = Settings.of()
    cell = choose(settings)
    backend.prepare(1)
    architectures.load(cell.runtime["architecture"])
    service = FastAPI()

    @service.get("/health")
    def health() -> dict:
        return {"status": "ok"}

    @service.post("/generate_heatmap")
    def generate_heatmap(image_: UploadFile = File()) -> dict:  # noqa: B008 - FastAPI's own way
        import keras

        from analysis.explanations.gradcam import enlarged, scaled
        from analysis.explanations.heatmaps import published_maps
        from app.upload import film
        from benchmarks.datasets._files import resize

        pixels, size = film(image_.file.read(), settings.max_pixels), cell.runtime["image_size"]
        image = resize(pixels, size).astype("float32")[np.newaxis, ..., np.newaxis]
        model = keras.models.load_model(cell.folder / "model.keras")
        heat = scaled(enlarged(published_maps(model, cell.runtime["cam_layer"], image, 0), size))[0]
        return {"heatmap": base64.b64encode(overlay(pixels, heat)).decode()}

    return service


@contextlib.contextmanager
def served_by(service: str, cell: ServedCell) -> Iterator[tuple[str, psutil.Process]]:
    """The address and the process of a service of `cell` on a free port of this machine, started and warm."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", FACTORIES[service], "--factory", "--port", str(port)]
    environment = os.environ | {f"{PREFIX}MODEL": str(cell.folder)}
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + START
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{address}/health").raise_for_status()
                break
            time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def load(address: str, process: psutil.Process, films: list[bytes], clients: int, requests: int) -> dict:
    """What `clients` at once see of `requests` requests to the service of `process`."""

    def client(own: int) -> list[tuple[float, int]]:
        seen, connection = [], http.client.HTTPConnection(address.removeprefix("http://"), timeout=300)
        for number in range(own, requests, clients):
            started = time.perf_counter()
            connection.request("POST", "/generate_heatmap", bodies[number % len(bodies)], headers)
            answer = connection.getresponse()
            answer.read()
            seen.append((1000 * (time.perf_counter() - started), answer.status))
        connection.close()
        return seen

    # Forms made beforehand, sent by the plainest client: it shares the machine's cores with the service.
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    bodies = [
        httpx.Request("POST", address, headers=headers, files={"image_": ("film.png", film, "image/png")}).read()
        for film in films
    ]

    started, cpu = time.perf_counter(), _cpu(process)
    with ThreadPoolExecutor(clients) as threads:
        seen = [one for part in threads.map(client, range(clients)) for one in part]
    seconds = time.perf_counter() - started
    cpu = _cpu(process) - cpu
    times, statuses = np.array([one for one, _ in seen]), [status for _, status in seen]
    return {
        **{"requests": requests, "seconds": round(seconds, 2), "requests_per_second": round(requests / seconds, 2)},
        **{"median_ms": round(float(np.median(times)), 1), "p99_ms": round(float(np.quantile(times, 0.99)), 1)},
        **{"cpu_ms": round(1000 * cpu / requests, 1), "failed": sum(status != 200 for status in statuses)},
    }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def measure(cell: ServedCell, rounds: int, requests: dict[str, int]) -> pd.DataFrame:
    """Both services in turn."""
    films = [png(np.array(image)) for image in cell.images[:32]]
    about_cell = {"study": cell.results.name, **{key: cell.runtime[key] for key in ("architecture", "image_size")}}
    rows = []
    for number in range(rounds):
        for service in (PUBLISHED, OURS):
            with served_by(service, cell) as (address, process):
                load(address, process, films, 1, 2)  # what only the first request pays
                for clients in CLIENTS:
                    row = about_cell | {"round": number + 1, "service": service, "clients": clients}
                    rows.append(row | load(address, process, films, clients, requests[service]))
    table = pd.DataFrame(rows)
    keys = ["round", "clients"]
    base = table[table["service"] == PUBLISHED].set_index(keys)["requests_per_second"]
    base = base.loc[pd.MultiIndex.from_frame(table[keys])].to_numpy()
    return table.assign(ratio=(table["requests_per_second"] / base).round(1))


def main() -> None:
    """Measure, to standard output."""
    parser = argparse.ArgumentParser(description="Time the service and the published code path.")
    parser.add_argument("cells", type=Path, nargs="+", help="folders of the cells to serve, one after the other")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--published-requests", type=int, default=32)
    parser.add_argument("--requests", type=int, default=800)
    arguments = parser.parse_args()
    requests = {PUBLISHED: arguments.published_requests, OURS: arguments.requests}
    cells = [choose(Settings(model=folder)) for folder in arguments.cells]
    table = pd.concat([measure(cell, arguments.rounds, requests) for cell in cells])
    for name, value in about(shlex.join(["python", "-m", "app.speed", *sys.argv[1:]])).items():
        table[name] = value
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
