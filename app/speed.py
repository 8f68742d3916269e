"""Requests per second of the service, and of the published code, which loads the model for every request.

    python -m app.speed CELL... > benchmarks/speed/service.csv

Both answer POST /generate_heatmap with the same films of the study, on the same server (uvicorn, one process) with
TensorFlow on one thread, alternately, each round in new processes. The published code loads the model with Keras'
defaults and draws the published heat map (heatmaps.py). Columns: study, architecture, image_size, round, service,
clients (each sends its next request after the answer to its last), requests, seconds, requests_per_second, median_ms,
p99_ms, cpu_ms (of the service, a request), failed (status other than 200), ratio (of requests per second, to the
published code in the round), and those of benchmarks/reference.
"""

import base64
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import psutil

from app.model.choose import ServedCell, choose
from app.model.picture import overlay, png
from app.settings import PREFIX, Settings
from benchmarks import backend
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

PUBLISHED, OURS = "published", "ours"
FACTORIES = {PUBLISHED: "app.speed:published_app", OURS: "app.api:create_app"}
CLIENTS = (1, 4, 16)
BOUNDARY = "film"
START = 180  # seconds: timeout for the start of a service


def published_app() -> Any:
    """Return the published service, which keeps nothing between requests. FastAPI runs its function in threads."""
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
    def generate_heatmap(image_: UploadFile = File()) -> dict:  # noqa: B008 - required by FastAPI
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
    """Start a service of `cell` on a free port of this machine; yield its address and process."""
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
    """Send `requests` requests from `clients` clients at the same time; return the columns of this load."""

    def client(own: int) -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=300)
        for number in range(own, requests, clients):
            started = time.perf_counter()
            connection.request("POST", "/generate_heatmap", bodies[number % len(bodies)], headers)
            answer = connection.getresponse()
            answer.read()
            seen.append((1000 * (time.perf_counter() - started), answer.status))
        connection.close()
        return seen

    # Forms made beforehand and a simple client, as clients and service share the cores of the machine.
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


def measured(cell: ServedCell, rounds: int, requests: dict[str, int]) -> pd.DataFrame:
    """Measure both services of `cell` alternately; return a row a round, service and number of clients."""
    films = [png(np.array(image)) for image in cell.images[:32]]
    about_cell = {"study": cell.results.name, **{key: cell.runtime[key] for key in ("architecture", "image_size")}}
    rows = []
    for number in range(rounds):
        for service in (PUBLISHED, OURS):
            with served_by(service, cell) as (address, process):
                load(address, process, films, 1, 2)  # start-up costs of the first requests
                for clients in CLIENTS:
                    row = about_cell | {"round": number + 1, "service": service, "clients": clients}
                    rows.append(row | load(address, process, films, clients, requests[service]))
    table = pd.DataFrame(rows)
    keys = ["round", "clients"]
    base = table[table["service"] == PUBLISHED].set_index(keys)["requests_per_second"]
    base = base.loc[pd.MultiIndex.from_frame(table[keys])].to_numpy()
    return table.assign(ratio=(table["requests_per_second"] / base).round(1))


def measure(cells: list[Path], rounds: int, published_requests: int, requests: int) -> pd.DataFrame:
    """Measure both services for every cell."""
    numbers = {PUBLISHED: published_requests, OURS: requests}
    chosen = [choose(Settings(model=folder)) for folder in cells]
    return pd.concat([measured(cell, rounds, numbers) for cell in chosen])


main = measurement(
    "app.speed",
    "Time the service and the published code.",
    measure,
    {
        "cells": {"type": Path, "nargs": "+", "help": "folders of the cells to serve, one after the other"},
        **{"--rounds": 2, "--published-requests": 32, "--requests": 800},
    },
)

if __name__ == "__main__":
    run_cli(main)
