"""Service as App Engine starts it: by the entrypoint of app.yaml, in a read-only folder."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

pytest.importorskip("gunicorn", reason="gunicorn is not installed: make app")

import httpx

from app.export import export
from app.model.choose import ServedCell, choose
from app.model.picture import png
from app.settings import Settings

WORKERS = 2
SECONDS = 300  # timeout for the start of a service on busy cores


@pytest.fixture(scope="module")
def deployed(trained_cell, tmp_path_factory):
    """Return a folder like the Dockerfile's, with code and the exported cell."""
    place = tmp_path_factory.mktemp("deployed")
    for folder in ("analysis", "app", "architectures", "benchmarks"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    export(choose(Settings(model=trained_cell)), place / "served")
    return place


def everything(place: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in place.rglob("*")}


@pytest.fixture
def started(deployed, tmp_path):
    """Start the entrypoint; return process, address, log and temporary files."""
    before = everything(deployed)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    line = yaml.safe_load((ROOT / "app.yaml").read_text())["entrypoint"]
    (port,) = _free_ports(1)
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PORT": str(port)}
    environment |= {"MAMMOBENCH_RESULTS": "served", "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    environment |= dict.fromkeys(("HOME", "TMPDIR"), str(temporary))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(shlex.split(line), cwd=deployed, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(tmp_path / "log", process)
        assert everything(deployed) == before
        yield process, address, tmp_path / "log", temporary
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in free:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in free]


def _wait(log: Path, process: subprocess.Popen, times: int = WORKERS) -> None:
    until = time.monotonic() + SECONDS
    while log.read_text().count("Application startup complete") < times:
        assert time.monotonic() < until and process.poll() is None, log.read_text()
        time.sleep(0.5)


@pytest.mark.slow
def test_the_entrypoint_writes_no_file_and_finishes_running_requests(started, deployed, trained_cell):
    process, address, log, temporary = started
    before = [everything(place) for place in (deployed, temporary)]
    film = png(np.array(ServedCell(trained_cell).images[0]))
    workers = subprocess.check_output(["ps", "--ppid", str(process.pid), "-o", "pid="], text=True).split()
    assert len(workers) == WORKERS

    def ask(number: int) -> int:
        return httpx.post(f"{address}/generate_heatmap", files={"image_": film}, timeout=60).status_code

    with ThreadPoolExecutor(8) as clients:
        assert set(clients.map(ask, range(40))) == {200}
        assert [everything(place) for place in (deployed, temporary)] == before

        # A request that is running at SIGTERM gets its answer.
        def chunks():
            yield b'--x\r\nContent-Disposition: form-data; name="image_"; filename="secret.png"\r\n\r\n'
            time.sleep(2)
            yield film + b"\r\n--x--\r\n"

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        late = clients.submit(httpx.post, f"{address}/predict", content=chunks(), headers=headers, timeout=60)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert late.result().status_code == 200
    assert process.wait(timeout=60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health")

    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    asked = [line for line in lines if line.get("path") == "/generate_heatmap"]
    assert len(asked) == 40 and {line["status"] for line in asked} == {200}
    assert "secret" not in text


@pytest.mark.slow
def test_make_serve_prints_its_addresses_and_ends_with_ctrl_c(trained_cell, tmp_path):
    ports = dict(zip(("PORT", "PAGE_PORT"), map(str, _free_ports(2)), strict=True))
    environment = os.environ | {f"MAMMOBENCH_{name}": port for name, port in ports.items()}
    environment |= {"MAMMOBENCH_MODEL": str(trained_cell), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "app"], cwd=tmp_path, env=environment, stdout=stream, stderr=stream
        )
    try:
        _wait(log, process, times=1)
        address = f"http://127.0.0.1:{ports['PORT']}"
        assert f"Serving {trained_cell}\nAPI:  {address}" in log.read_text()
        assert httpx.get(f"{address}/model").json()["architecture"] == "simple"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        for port in ports.values():
            with socket.socket() as asked:
                assert asked.connect_ex(("127.0.0.1", int(port))) != 0
    finally:
        if process.poll() is None:
            process.kill()


def test_docker_image_runs_the_same_command_as_an_unprivileged_user():
    dockerfile = (ROOT / "Dockerfile").read_text()
    command = json.loads(re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)[1])
    assert command == shlex.split(yaml.safe_load((ROOT / "app.yaml").read_text())["entrypoint"])
    user = re.search(r"^USER (\d+)$", dockerfile, re.MULTILINE)
    assert int(user[1]) > 0 and user.start() < dockerfile.index("CMD [")
    copied = {line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY") and "." not in line}
    assert copied <= {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}


def test_nothing_imports_the_app():
    others = [
        path
        for folder in ("analysis", "architectures", "benchmarks", "reports")
        for path in (ROOT / folder).rglob("*.py")
    ]
    importing = re.compile(r"^\s*(from|import) app\b", re.MULTILINE)
    assert others and not [path for path in others if importing.search(path.read_text())]
