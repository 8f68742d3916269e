"""HTTP client of the API for the page: functions return data or raise `Unanswered` with the reason."""

import base64
import contextlib
import os
from typing import Any

import httpx

from app.settings import PREFIX

ADDRESS = "http://127.0.0.1:8000"  # of `make serve`
SECONDS = 60  # above the API's own limit, so that its message is shown
BUSY = (503, 504)  # HTTP status: the same request may succeed later


class Unanswered(Exception):
    """Reason why there is no answer: no API at the address, or `Refused`."""


class Refused(Unanswered):
    """Reason why the API refused the request."""


def address() -> str:
    """Return the address of the API, without a slash at the end."""
    return (os.environ.get(f"{PREFIX}API") or ADDRESS).rstrip("/")


def card() -> dict:
    """Return the model card of the served cell."""
    return _json(_ask("GET", "/model"), "architecture")


def probes() -> list[dict]:
    """Return the probe images of the study; empty if there are none."""
    return _json(_ask("GET", "/probes"))


def probe(number: int) -> bytes:
    """Return a probe image as PNG."""
    return _ask("GET", f"/probes/{number}.png").content


def predict(image: bytes) -> dict:
    """Return the prediction for an image file."""
    return _json(_ask("POST", "/predict", image), "probabilities")


def heatmap(image: bytes, overlay: float, **choices: str) -> bytes:
    """Return the film under its heat map as JPEG; `choices` are `class` and `method`."""
    answer = _json(_ask("POST", "/generate_heatmap", image, {"overlay": overlay, **choices}), "heatmap")
    return base64.b64decode(answer["heatmap"])


def _ask(verb: str, path: str, image: bytes | None = None, query: dict | None = None) -> httpx.Response:
    # Not the file name of the upload, which may be a patient's name.
    files = None if image is None else {"image_": ("film", image)}
    try:
        answer = httpx.request(verb, address() + path, files=files, params=query, timeout=SECONDS)
    except httpx.TimeoutException:
        raise Unanswered(f"no answer within {SECONDS} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(str(error) or type(error).__name__) from None
    if answer.is_success:
        return answer
    try:
        reason = str(answer.json()["detail"])
    except (ValueError, TypeError, KeyError):
        raise Unanswered(f"status {answer.status_code} {answer.reason_phrase}") from None
    raise Refused(f"{reason}. Try again in a moment." if answer.status_code in BUSY else reason)


def _json(answer: httpx.Response, key: str | None = None) -> Any:
    """Return the body: a mapping with `key`, or without `key` a list."""
    with contextlib.suppress(ValueError):
        body = answer.json()
        if isinstance(body, list if key is None else dict) and (key is None or key in body):
            return body
    raise Unanswered("another program answers at this address")
