"""Places on GPUs: no card has more processes than places, a killed process leaves its place, a run uses all cards.

None of it needs a GPU: a place is a locked file, and a card is a name.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from test_workflow import TINY, environment, snakemake, write_study

from benchmarks import gpu
from benchmarks.errors import BadInput
from benchmarks.plan.costs import gpus
from benchmarks.plan.table import ON_GPU

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
FORK = multiprocessing.get_context("fork")


class Taker:
    """A process that takes a place and keeps it until it is killed."""

    def __init__(self):
        self.answer, its = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=self._run, args=(its,), daemon=True)
        self.process.start()
        its.close()

    @staticmethod
    def _run(answer):
        share = gpu.take()
        answer.send((os.environ[gpu.VISIBLE], share))
        signal.pause()

    def card(self):
        """The card of its place; None while it waits."""
        if self.answer is not None and self.answer.poll():
            self.taken, self.answer = self.answer.recv(), None
        return self.taken[0] if self.answer is None else None

    def kill(self):
        self.process.kill()
        self.process.join()


def wait(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@given(number=st.integers(1, 40), cards=st.integers(1, 8))
def test_places_are_even_among_the_cards_and_fit_their_memory(number, cards):
    names = [f"GPU-{card}" for card in range(cards)]
    places = gpu.divided(number, names)
    counted = Counter(places)
    assert len(places) == number and len(counted) == min(number, cards)
    assert max(counted.values()) - min(counted.values()) <= 1
    assert max(counted.values()) * gpu.share_of(places) == pytest.approx(gpu.SHARE)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(
    number=st.integers(1, 5),
    cards=st.integers(1, 3),
    killed=st.lists(st.integers(0, 10), min_size=1, max_size=5),
    more=st.integers(1, 3),
)
def test_no_card_has_more_processes_than_places_whichever_are_killed(number, cards, killed, more):
    places = gpu.divided(number, [f"card{card}" for card in range(cards)])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        patch.setenv(gpu.PLACES, ",".join(places))
        patch.setenv(gpu.ASKED, "1")
        alive = [Taker() for _ in range(number + more)]

        def held():
            return Counter(card for taker in alive if (card := taker.card()))

        try:
            wait(lambda: held().total() == number)
            assert held() == Counter(places)
            for victim in killed:
                # By SIGKILL, one that holds a place or one that waits.
                alive.pop(victim % len(alive)).kill()
                alive.append(Taker())
                wait(lambda: held().total() >= number)
                assert held() == Counter(places)
        finally:
            for taker in alive:
                taker.kill()


def job(folder, **variables):
    """Start a job that takes a place, prints card and share, and ends with its standard input."""
    code = "import os, sys; from benchmarks import gpu; print(gpu.take(), os.environ[gpu.VISIBLE]); sys.stdin.read()"
    own = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT)} | variables
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-uc", code], env=own, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_a_job_says_that_it_waits_and_goes_on_when_the_other_is_killed(tmp_path):
    variables = {gpu.PLACES: "GPU-a", gpu.ASKED: "1"}
    first = job(tmp_path, **variables)
    assert first.stdout.readline() == "0.9 GPU-a\n"
    with job(tmp_path, **variables) as second:
        assert second.stderr.readline() == "waits for a free place on a GPU (1 in all)\n"
        first.kill()
        assert second.stdout.readline() == "0.9 GPU-a\n"
    first.communicate()


def test_a_job_that_asks_for_no_gpu_sees_none(tmp_path):
    with job(tmp_path, **{gpu.PLACES: "GPU-a"}) as only:
        assert only.stdout.readline() == "None \n"


def test_a_process_keeps_its_place_for_its_next_job(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(gpu, "_held", [])
    monkeypatch.setenv(gpu.PLACES, "GPU-a,GPU-b,GPU-a")
    monkeypatch.setenv(gpu.ASKED, "1")
    for _ in range(2):
        monkeypatch.setenv(gpu.VISIBLE, "of the next job")
        assert gpu.take() == pytest.approx(0.45)
        assert os.environ[gpu.VISIBLE] == "GPU-a"
    assert [path.name for path in (tmp_path / f"mammobench-gpu-{os.getuid()}").iterdir()] == ["GPU-a_0"]


def test_jax_gets_its_share_and_compiles_once_for_all_jobs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.setenv(name, "old")
    gpu.reserve("jax", 0.225)
    assert os.environ["XLA_CLIENT_MEM_FRACTION"] == "0.225" and "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ
    # The user's own folder stays.
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == "old"
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    gpu.reserve("jax", 0.225)
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / ".snakemake/mammobench/jax")


def test_cards_that_the_user_names_come_before_those_of_the_machine(monkeypatch):
    monkeypatch.setenv(gpu.VISIBLE, "2,GPU-c")
    assert gpu.cards() == ["2", "GPU-c"]
    monkeypatch.setenv(gpu.VISIBLE, "-1")
    with pytest.raises(BadInput, match="gpu=3, but nvidia-smi lists no GPU"):
        gpu.divided(3, gpu.cards())


def test_the_plan_counts_the_jobs_that_the_profile_sends_to_the_gpu():
    for name in ("gpu", "slurm"):
        profile = yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())
        assert {rule for rule, own in profile["set-resources"].items() if "gpu" in own} == set(ON_GPU)


def test_the_profile_is_refused_without_a_gpu(tmp_path):
    if gpus():
        pytest.skip("this machine has a GPU")
    run = snakemake(tmp_path, "--profile", str(ROOT / "profiles/gpu"), "--config", write_study(tmp_path, **TINY))
    assert run.returncode != 0 and "gpu=1, but nvidia-smi lists no GPU" in run.stdout
    assert "Traceback" not in run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_a_run_with_the_profile_takes_places_on_both_cards(tmp_path, number):
    """nvidia-smi lists two cards, TensorFlow finds none. With one place, no idle worker may keep it from the next."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "nvidia-smi").write_text("#!/bin/sh\nprintf 'GPU-one\\nGPU-two\\n'\n")
    (tools / "nvidia-smi").chmod(0o755)
    own = environment() | {"TMPDIR": str(tmp_path)}
    own["PATH"] = f"{tools}{os.pathsep}{own['PATH']}"
    own.pop(gpu.VISIBLE, None)
    architectures = {"simple": {"filters": [4, 4]}, "vgg16": {"width": 0.05}}
    place = tmp_path / "study"
    place.mkdir()
    config = write_study(place, **TINY | {"architectures": architectures})
    run = snakemake(
        place,
        *("--profile", str(ROOT / "profiles/gpu"), "--resources", f"gpu={number}", "--config", config),
        variables=own,
    )
    assert run.returncode == 0, run.stdout
    taken = {path.name for path in (tmp_path / f"mammobench-gpu-{os.getuid()}").iterdir()}
    assert taken <= {"GPU-one_0", "GPU-two_0", "GPU-one_1"}
    assert "GPU-one_0" in taken and (number == 1 or "GPU-two_0" in taken)
    logs = [path.read_text() for path in (place / "results/small/logs").rglob("*.log")]
    assert number > 1 or not [text for text in logs if "waits for a free place" in text]
