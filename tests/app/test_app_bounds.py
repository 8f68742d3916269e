"""Limits of requests in size, time and number; log lines of requests."""

import asyncio
import json
import logging
import threading

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: make app")

import httpx

from app.api import create_app
from app.logs import Json
from app.model.picture import png
from app.settings import Settings

BOUNDARY = "frame"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image_"; filename="secret.png"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture(scope="module")
def service(trained_cell):
    """Start the service with low limits."""
    service = create_app(Settings(model=trained_cell, concurrency=2, timeout=4, max_bytes=100_000, threads=1))
    started, done = threading.Event(), threading.Event()

    async def live():
        async with service.router.lifespan_context(service):
            started.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert started.wait(120)
    yield service
    done.set()
    thread.join()


@pytest.fixture(scope="module")
def film(service) -> bytes:
    return png(service.state.served.cell.images[0])


def asked(service, ask):
    """Return the result of `ask(client)`, a coroutine."""

    async def run():
        transport = httpx.ASGITransport(app=service)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await ask(client)

    return asyncio.run(run())


def test_a_request_too_many_is_refused_and_answered_later(service, film):
    async def ask(client):
        goes_on = asyncio.Event()

        async def slow():
            yield HEAD
            await goes_on.wait()
            yield film + TAIL

        held = [asyncio.create_task(client.post("/predict", content=slow(), headers=FORM)) for _ in range(2)]
        await asyncio.sleep(0.2)
        refused = await client.post("/predict", content=HEAD + film + TAIL, headers=FORM)
        healthy = await client.get("/health")
        goes_on.set()
        served = await asyncio.gather(*held)
        return refused, healthy, [*served, await client.post("/predict", content=HEAD + film + TAIL, headers=FORM)]

    refused, healthy, served = asked(service, ask)
    assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
    assert refused.json() == {"detail": "2 requests are running already; try again"}
    assert healthy.status_code == 200 and [answer.status_code for answer in served] == [200] * 3


def test_a_burst_is_served_or_refused_and_nothing_else(service, film):
    async def ask(client):
        posts = [client.post("/generate_heatmap", files={"image_": film}) for _ in range(40)]
        return [answer.status_code for answer in await asyncio.gather(*posts)]

    statuses = asked(service, ask)
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 2


def test_request_without_end_gets_a_timeout(service, film):
    async def ask(client):
        async def stuck():
            yield HEAD
            await asyncio.sleep(3600)

        late = await client.post("/predict", content=stuck(), headers=FORM)
        return late, await client.post("/predict", files={"image_": film})

    late, after = asked(service, ask)
    assert late.status_code == 504 and late.json() == {"detail": "no answer within 4 seconds"}
    assert after.status_code == 200


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(service, declared):
    sent = 0

    async def chunks():
        nonlocal sent
        yield HEAD
        for _ in range(1000):
            sent += 1000
            yield b"x" * 1000

    content = HEAD + b"x" * 200_000 if declared else chunks()
    answer = asked(service, lambda client: client.post("/predict", content=content, headers=FORM))
    assert answer.status_code == 413 and set(answer.json()) == {"detail"}
    assert sent <= 102_000


def test_the_log_names_the_request_without_data_of_the_image(service, film, caplog):
    with caplog.at_level(logging.INFO, logger="mammobench"):
        answer = asked(service, lambda client: client.post("/predict", files={"image_": ("secret.png", film)}))
    lines = [Json().format(record) for record in caplog.records if record.name == "mammobench"]
    (line,) = map(json.loads, lines)
    assert (line["method"], line["path"], line["status"], line["severity"]) == ("POST", "/predict", 200, "INFO")
    assert line["request_id"] == answer.headers["x-request-id"] and line["milliseconds"] > 0
    assert "secret" not in lines[0] and answer.json()["predicted"] not in lines[0]
