"""Robustness: requests that the schema allows and forbids, and hundreds of broken files."""

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed: make app")

import gc

import hypothesis
import numpy as np
import psutil
import schemathesis
from fastapi.testclient import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api import create_app
from app.endurance import curve, films, mutated
from app.model.choose import ServedCell
from app.settings import Settings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
GROWTH = 40  # MiB: allowed growth over 800 requests


@pytest.fixture(scope="module")
def client(trained_cell):
    with TestClient(create_app(Settings(model=trained_cell)), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.slow
def test_valid_and_invalid_requests_get_an_answer_of_the_schema(trained_cell):
    # Schemathesis starts and ends the service by itself.
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(model=trained_cell)))
    tried = set()
    for operation in schema.get_all_operations():
        case = operation.ok()

        @hypothesis.settings(max_examples=60, suppress_health_check=list(hypothesis.HealthCheck), database=None)
        @hypothesis.seed(1)
        @hypothesis.given(case.as_strategy())
        def ask(case):
            case.call_and_validate(checks=CHECKS)

        ask()
        tried.add(case.path)
    assert {"/", "/health", "/model", "/predict", "/generate_heatmap"} <= tried


@pytest.mark.slow
def test_thousand_broken_films_cause_no_failure_and_no_memory_growth(client, trained_cell):
    process = psutil.Process()
    table = curve(client, films(ServedCell(trained_cell), 1000, seed=1), process).set_index("requests")
    gc.collect()
    last = table.loc[1000]
    assert last["failed"] == 0 and last["ok"] > 100 and last["refused"] > 100
    assert last["memory_mb"] - table.loc[200, "memory_mb"] < GROWTH


def test_mutations_are_the_same_for_the_same_seed_and_change_the_file():
    content = bytes(range(256))
    first, again = (mutated(content, np.random.default_rng(3)) for _ in range(2))
    assert first == again != content
