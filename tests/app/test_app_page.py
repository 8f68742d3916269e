"""Page of the service, in Streamlit's test runner and in a browser with a running API."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage
from conftest import ROOT

pytest.importorskip("streamlit", reason="streamlit is not installed: make app")

import httpx
import streamlit as st
import uvicorn
from app_cell import train
from axe_playwright_python.sync_playwright import Axe
from dicom_files import write_dicom
from playwright.sync_api import sync_playwright
from streamlit.testing.v1 import AppTest

from analysis.explanations.gradcam import METHODS
from app import DISCLAIMER
from app.api import create_app
from app.model.choose import ServedCell
from app.model.picture import OPACITY, png
from app.page import client
from app.page import parts as page_parts
from app.settings import Settings
from benchmarks.study.names import BASELINES

CAT = Path(skimage.__file__).parent / "data" / "chelsea.png"
SECONDS = 300  # timeout for the start on busy cores


@pytest.fixture(scope="module")
def api(trained_cell):
    """Return the address of an API that serves the trained cell."""
    with _listening(trained_cell) as address:
        yield address


@contextlib.contextmanager
def _listening(cell: Path):
    settings = Settings(model=cell, threads=2)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + SECONDS
    while not server.started:
        assert time.monotonic() < until and thread.is_alive()
        time.sleep(0.1)
    try:
        yield "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def page(api, monkeypatch) -> AppTest:
    """Return the page at its start."""
    monkeypatch.setenv("MAMMOBENCH_API", api)
    st.cache_data.clear()
    return AppTest.from_file(str(ROOT / "app/page/page.py"), default_timeout=SECONDS).run()


@pytest.fixture(scope="module")
def film(trained_cell) -> bytes:
    """Return a film of the training part, above whose prediction the page shows a warning."""
    cell = ServedCell(trained_cell)
    return png(np.array(cell.images[cell.samples.loc[cell.samples["part"] == "train", "row"].iloc[0]]))


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    return page.file_uploader[0].set_value((name, content, "application/octet-stream")).run()


def text(page: AppTest) -> str:
    """Return the text of the page, without tags."""
    assert not page.exception
    elements = [*page.html, *page.markdown, *page.caption, *page.warning, *page.error, *page.header]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", " ".join(element.value for element in elements)))


def test_a_probe_gets_its_answer_beside_the_honest_accuracy(page, api):
    page.radio[0].set_value(page.radio[0].options[1]).run()
    probe = httpx.get(f"{api}/probes").json()[0]
    answer = httpx.post(f"{api}/predict", files={"image_": httpx.get(f"{api}{probe['url']}").content}).json()
    told = text(page)
    assert f"labelled {probe['label']}" in page.selectbox[0].options[0]
    assert answer["predicted"] and f"Predicted class {answer['predicted']}" in told
    for name, value in answer["probabilities"].items():
        assert f"{name} {value:.2f}" in told
    (beside,) = (element.value for element in page.html if "Predicted class" in element.value)
    for score in ("0.25", "95% CI 0.15 to 0.35", "80 test images of 40 patients", "<td>0.30</td>", "<td>0.90</td>"):
        assert score in beside
    assert DISCLAIMER in told and len(page.image) == 1


def test_the_results_of_the_study_are_shown_without_an_image(page):
    told = text(page)
    assert DISCLAIMER in told and "does not beat majority" in told and "1 of 2 verdicts flag it" in told
    assert "reaches 0.90; without, 0.25" in told and "one background" in told
    assert not page.error and not page.image


def test_slider_sends_no_request_and_a_method_sends_one(page, film, monkeypatch):
    asked, heatmap = [], client.heatmap

    def counted(image: bytes, overlay: float, **choices: str) -> bytes:
        asked.append((overlay, choices))
        return heatmap(image, overlay, **choices)

    monkeypatch.setattr(client, "heatmap", counted)
    upload(page, "film.png", film)
    assert [overlay for overlay, _ in asked] == [0, 1] and page.slider[0].value == OPACITY
    page.slider[0].set_value(0.2).run()
    assert len(asked) == 2 and page.image[0].captions[0].startswith("Grad-CAM of")
    page.selectbox[1].set_value("score_cam").run()
    other = next(name for name in page.selectbox[0].options if name != page.selectbox[0].value)
    page.selectbox[0].set_value(other).run()
    assert asked[-1] == (1, {"class": other, "method": "score_cam"}) and len(asked) == 4
    assert page.image[0].captions[0].startswith(f"Score-CAM of {other}")


def test_a_dicom_film_gets_the_prediction_of_the_api(page, api, trained_cell, tmp_path):
    content = write_dicom(tmp_path / "film", np.array(ServedCell(trained_cell).images[0])).read_bytes()
    upload(page, "film.dcm", content)
    answer = httpx.post(f"{api}/predict", files={"image_": content}).json()
    # DICOM grey levels are stretched, so the phantom may be out of distribution.
    assert (answer["reason"] or f"Predicted class {answer['predicted']}") in text(page)
    assert len(page.image) == 1 and not page.error


def test_the_interpolated_overlay_equals_that_of_the_api(api, film, monkeypatch):
    monkeypatch.setenv("MAMMOBENCH_API", api)
    alone, hottest, half = (client.heatmap(film, overlay) for overlay in (0, 1, 0.5))
    own, drawn = (np.asarray(page_parts.mixed(*two, 0.5), int) for two in ((alone, hottest), (half, half)))
    assert abs(own - drawn).mean() < 2


def test_a_film_of_the_training_part_gets_a_warning(page, trained_cell):
    cell = ServedCell(trained_cell)
    rows = {part: cell.samples.loc[cell.samples["part"] == part, "row"].iloc[0] for part in ("train", "test")}
    upload(page, "film.png", png(np.rot90(cell.images[rows["train"]])))
    (warning,) = (element.value for element in page.warning if "in training" in element.value)
    assert "the answer tells nothing about new films" in warning and "rotated by 90 degrees" in warning
    upload(page, "other.png", png(np.array(cell.images[rows["test"]])))
    assert "in training" not in " ".join(element.value for element in page.warning)


def test_a_photograph_gets_the_reason_and_no_verdict(page):
    upload(page, "cat.png", CAT.read_bytes())
    told = text(page)
    assert "No verdict" in told and "out of distribution" in told
    assert "Predicted class" not in told and not page.slider and DISCLAIMER in told


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_broken_file_gets_the_reason_of_the_api(page, api, content):
    upload(page, "film.png", content)
    reason = httpx.post(f"{api}/predict", files={"image_": ("film", content)}).json()["detail"]
    assert page.error[0].value == f"The API refuses this file: {reason}"
    assert "Results of the study" in text(page)


def test_page_names_the_address_of_a_missing_api(api, monkeypatch):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        monkeypatch.setenv("MAMMOBENCH_API", address)
        page = AppTest.from_file(str(ROOT / "app/page/page.py"), default_timeout=SECONDS).run()
        assert f"The API at {address} does not answer" in page.error[0].value and DISCLAIMER in text(page)
    monkeypatch.setenv("MAMMOBENCH_API", api)
    page.button[0].click().run()
    assert not page.error and "Results of the study" in text(page)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(503, json={"detail": "32 requests are in hand already"}), "in hand already. Try again"),
        (httpx.Response(413, json={"detail": "too large"}), "too large"),
        (httpx.Response(502, text="<html>"), "502 Bad Gateway"),
        (httpx.Response(200, text="<html>"), "another program answers"),
        (httpx.Response(200, json=[]), "another program answers"),
    ],
)
def test_client_names_the_reason_of_a_refusal(monkeypatch, answer, reason):
    monkeypatch.setattr(httpx, "request", lambda *_, **__: answer)
    with pytest.raises(client.Unanswered, match=reason):
        client.predict(b"")


def test_every_method_and_baseline_has_a_name():
    assert tuple(page_parts.METHODS) == METHODS and tuple(page_parts.BASELINES) == BASELINES


@pytest.fixture
def browsed(api, tmp_path):
    """Start Streamlit; return the address of the page."""
    with _streamlit(api, tmp_path) as address:
        yield address


@contextlib.contextmanager
def _streamlit(api: str, tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app/page/page.py"), "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", port, "--browser.gatherUsageStats", "false"]
    # In another folder, without the package on the path.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MAMMOBENCH_API": api}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + SECONDS
        while True:
            assert time.monotonic() < until and process.poll() is None, (tmp_path / "log").read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/_stcore/health").is_success:
                    break
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _predicted(address: str, film: bytes, width: int):
    """Return the page in Chromium with the prediction for an uploaded film and its overlay."""
    chromium = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(address)
        page.locator("input[type=file]").set_input_files({"name": "f.png", "mimeType": "image/png", "buffer": film})
        page.get_by_text("Predicted class").wait_for()
        overlay = page.get_by_alt_text("The film under the heat map of")
        overlay.wait_for()
        page.wait_for_function("(image) => image.complete && image.naturalWidth === 224", arg=overlay.element_handle())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        yield page
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 375])
def test_page_in_a_browser_is_accessible(browsed, film, width):
    with _predicted(browsed, film, width) as page:
        # The disclaimer stays visible after scrolling.
        page.get_by_text("Model card as JSON").scroll_into_view_if_needed()
        box = page.get_by_text(DISCLAIMER).bounding_box()
        assert 0 <= box["y"] < 800 and box["x"] + box["width"] <= width
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.slow
def test_page_with_a_real_film_in_a_browser(real_data, real_zip, tmp_path):
    sources = pd.read_csv(real_data / "sources.csv", dtype=str)
    with zipfile.ZipFile(real_zip) as archive:
        names = {Path(name).stem: name for name in archive.namelist() if "Before" in name}
        films = {source: archive.read(names[source]) for source in sources["source_id"]}
    folder = tmp_path / "films"
    folder.mkdir()
    for source, content in films.items():
        (folder / f"{source}.png").write_bytes(content)
    manifest = sources.assign(file=sources["source_id"] + ".png", label=sources["class"], patient=sources["patient_id"])
    manifest[["file", "label", "patient"]].to_csv(folder / "manifest.csv", index=False)
    with (
        _listening(train(tmp_path, folder)) as api,
        _streamlit(api, tmp_path) as address,
        _predicted(address, films["20588216"], 375) as page,
    ):
        assert page.get_by_text("Honest accuracy").is_visible()
