"""Requests a second of the service, and of the published code path: it loads the model for every request.

    MAMMOBENCH_MODEL=... python -m app.speed > benchmarks/speed/service.csv

Both answer POST /generate_heatmap with the same films of the study, under the same server (uvicorn, one process) with
the same number of threads, in turn, each round by new processes. The published path reads the file with Pillow, loads
the model, makes one heat map without tracing and draws it. Columns: round, service, clients (each sends its next
request when it has the answer to its last), requests, seconds, requests_per_second, median_ms, p99_ms, failed (not
answered with 200), ratio (of requests a second, to the published path of the round), and those of benchmarks/reference.
"""

import argparse
import base64
import contextlib
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pandas as pd
import psutil

from app.choose import ServedCell, choose
from app.picture import overlay, png
from app.settings import PREFIX, Settings
from benchmarks import backend
from benchmarks.errors import run_cli
from benchmarks.reference import about

PUBLISHED, OURS = "published", "ours"
FACTORIES = {PUBLISHED: "app.speed:published_app", OURS: "app.api:create_app"}
CLIENTS = (1, 4, 16)
START = 180  # seconds that a service may take to start


def published_app():
    """A service as published: nothing is kept between requests. FastAPI runs its plain function in threads."""
    from fastapi import FastAPI, File, UploadFile

    settings = Settings.of()
    cell = choose(settings)
    backend.prepare(1)
    service = FastAPI()

    @service.get("/health")
    def health() -> dict:
        return {"status": "ok"}

    @service.post("/generate_heatmap")
    def generate_heatmap(image_: UploadFile = File()) -> dict:  # noqa: B008 - FastAPI's own way
        from analysis.gradcam import Explainer, scaled
        from app.upload import film
        from benchmarks.datasets._files import resize
        from benchmarks.model import saved_model

        pixels = film(image_.file.read(), settings.max_pixels)
        image = resize(pixels, cell.runtime["image_size"]).astype("float32")[np.newaxis, ..., np.newaxis]
        model = saved_model(cell.runtime["architecture"], cell.folder / "model.keras")
        target = model.predict(image, verbose=0).argmax(axis=1)
        heat = scaled(Explainer(model, cell.runtime["cam_layer"]).maps(image, target))[0]
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


def load(address: str, films: list[bytes], clients: int, requests: int) -> dict:
    """What `clients` at once see of `requests` requests."""

    def client(own: int) -> list[tuple[float, int]]:
        seen = []
        with httpx.Client(base_url=address, timeout=300) as session:
            for number in range(own, requests, clients):
                started = time.perf_counter()
                files = {"image_": ("film.png", films[number % len(films)], "image/png")}
                status = session.post("/generate_heatmap", files=files).status_code
                seen.append((1000 * (time.perf_counter() - started), status))
        return seen

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        seen = [one for part in threads.map(client, range(clients)) for one in part]
    seconds = time.perf_counter() - started
    times, statuses = np.array([one for one, _ in seen]), [status for _, status in seen]
    return {
        **{"requests": requests, "seconds": round(seconds, 2), "requests_per_second": round(requests / seconds, 2)},
        **{"median_ms": round(float(np.median(times)), 1), "p99_ms": round(float(np.quantile(times, 0.99)), 1)},
        "failed": sum(status != 200 for status in statuses),
    }


def measure(cell: ServedCell, rounds: int, requests: dict[str, int]) -> pd.DataFrame:
    """Both services in turn."""
    films = [png(np.array(image)) for image in cell.images[:32]]
    rows = []
    for number in range(rounds):
        for service in (PUBLISHED, OURS):
            with served_by(service, cell) as (address, _):
                load(address, films, 1, 2)  # what only the first request pays
                for clients in CLIENTS:
                    row = {"round": number + 1, "service": service, "clients": clients}
                    rows.append(row | load(address, films, clients, requests[service]))
    table = pd.DataFrame(rows)
    keys = ["round", "clients"]
    base = table[table["service"] == PUBLISHED].set_index(keys)["requests_per_second"]
    return table.assign(ratio=(table.set_index(keys)["requests_per_second"] / base).round(1).to_numpy())


def main() -> None:
    """Measure, to standard output."""
    parser = argparse.ArgumentParser(description="Time the service and the published code path.")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--published-requests", type=int, default=32)
    parser.add_argument("--requests", type=int, default=800)
    arguments = parser.parse_args()
    requests = {PUBLISHED: arguments.published_requests, OURS: arguments.requests}
    table = measure(choose(Settings.of()), arguments.rounds, requests)
    for name, value in about(shlex.join(["python", "-m", "app.speed", *sys.argv[1:]])).items():
        table[name] = value
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    run_cli(main)
