"""Requests per second of the service, and of the published code, which loads the model for every request.

    python -m app.speed CELL... > benchmarks/speed/service.csv

Both answer POST /generate_heatmap with the same films of the study, on the same server (uvicorn, one process) with
TensorFlow on one thread, alternately, each round in new processes. Columns: study, architecture, image_size, round,
service, clients (each sends its next request after the answer to its last), requests, seconds, requests_per_second,
median_ms, p99_ms, cpu_ms (of the service, a request), failed (status other than 200), ratio (of requests per second, to
the published code in the round), and the columns of benchmarks/reference.
"""

import base64
import contextlib
import http.client
import itertools
import os
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
from fastapi import FastAPI, File, UploadFile

import architectures
from analysis.explanations.gradcam import enlarged, scaled
from analysis.explanations.heatmaps import published_maps
from app.model.choose import ServedCell, choose
from app.model.picture import overlay, png
from app.settings import PREFIX, Settings
from app.upload import film
from benchmarks import backend
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

PUBLISHED, OURS = "published", "ours"
FACTORIES = {PUBLISHED: "app.speed:published_app", OURS: "app.api:create_app"}
CLIENTS = (1, 4, 16)
START = 180  # seconds: timeout for the start of a service


def published_app() -> FastAPI:
    """Return the published service: Keras' defaults, the published heat map, nothing kept between requests."""
    settings = Settings.of()
    cell = choose(settings)
    backend.prepare(1)
    architectures.load(cell.runtime["architecture"])
    service = FastAPI()

    @service.post("/generate_heatmap")
    def generate_heatmap(image_: UploadFile = File()) -> dict:  # noqa: B008 - required by FastAPI
        import keras

        pixels, size = film(image_.file.read(), settings.max_pixels), cell.runtime["image_size"]
        image = resize(pixels, size).astype("float32")[np.newaxis, ..., np.newaxis]
        model = keras.models.load_model(cell.folder / "model.keras")
        heat = scaled(enlarged(published_maps(model, cell.runtime["cam_layer"], image, 0), size))[0]
        return {"heatmap": base64.b64encode(overlay(pixels, heat)).decode()}

    return service


@contextlib.contextmanager
def served_by(service: str, cell: ServedCell) -> Iterator[tuple[str, psutil.Process]]:
    """Start a service of `cell` on a free port of this machine; yield its address and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", FACTORIES[service], "--factory", "--port", str(port)]
    environment = os.environ | {f"{PREFIX}MODEL": str(cell.folder)}
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + START
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{address}/openapi.json").raise_for_status()
                break
            time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def load(address: str, process: psutil.Process, films: list[bytes], clients: int, requests: int) -> dict:
    """Send `requests` requests from `clients` clients at the same time; return the columns of this load."""
    # Forms made beforehand and a simple client, as clients and service share the cores of the machine.
    headers = {"Content-Type": "multipart/form-data; boundary=film"}
    bodies = [
        httpx.Request("POST", address, headers=headers, files={"image_": ("film.png", content, "image/png")}).read()
        for content in films
    ]

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

    started, before = time.perf_counter(), process.cpu_times()
    with ThreadPoolExecutor(clients) as threads:
        times, statuses = zip(*itertools.chain.from_iterable(threads.map(client, range(clients))), strict=True)
    seconds, after = time.perf_counter() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return {
        **{"requests": requests, "seconds": round(seconds, 2), "requests_per_second": round(requests / seconds, 2)},
        **{"median_ms": round(float(np.median(times)), 1), "p99_ms": round(float(np.quantile(times, 0.99)), 1)},
        **{"cpu_ms": round(1000 * cpu / requests, 1), "failed": requests - statuses.count(200)},
    }


def measure(cells: list[Path], rounds: int, published_requests: int, requests: int) -> pd.DataFrame:
    """Return a row for each cell, round, service and number of clients."""
    numbers = {PUBLISHED: published_requests, OURS: requests}
    rows = []
    for folder, number in itertools.product(cells, range(1, rounds + 1)):
        cell = choose(Settings(model=folder))
        films = [png(np.array(image)) for image in cell.images[:32]]
        about_cell = {"study": cell.results.name, **{key: cell.runtime[key] for key in ("architecture", "image_size")}}
        published: dict[int, float] = {}
        for service in (PUBLISHED, OURS):
            with served_by(service, cell) as (address, process):
                load(address, process, films, 1, 2)  # start-up costs of the first requests
                for clients in CLIENTS:
                    found = load(address, process, films, clients, numbers[service])
                    speed = found["requests_per_second"]
                    found["ratio"] = round(speed / published.setdefault(clients, speed), 1)
                    rows.append(about_cell | {"round": number, "service": service, "clients": clients} | found)
    return pd.DataFrame(rows)


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
