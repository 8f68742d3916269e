"""HTTP client of the API for the page: functions return data or raise `Unanswered` with the reason."""

import base64
import binascii
import os
from typing import Any

import httpx

from app.settings import PREFIX

ADDRESS = "http://127.0.0.1:8000"  # of `make serve`
SECONDS = 60  # above the API's own limit, so that its message is shown
BUSY = (503, 504)  # HTTP status: the same request may succeed later


class Unanswered(Exception):
    """Error without an answer: the reason, and whether there is no API at the address."""

    def __init__(self, reason: str, down: bool = False):
        super().__init__(reason)
        self.down = down


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
    try:
        return base64.b64decode(answer["heatmap"], validate=True)
    except binascii.Error:
        raise _other() from None


def _ask(verb: str, path: str, image: bytes | None = None, query: dict | None = None) -> httpx.Response:
    # Not the file name of the upload, which may be a patient's name.
    files = None if image is None else {"image_": ("film", image)}
    try:
        answer = httpx.request(verb, address() + path, files=files, params=query, timeout=SECONDS)
    except httpx.TimeoutException:
        raise Unanswered(f"no answer within {SECONDS} seconds", down=True) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(str(error) or type(error).__name__, down=True) from None
    if answer.is_success:
        return answer
    try:
        reason = str(answer.json()["detail"])
    except (ValueError, TypeError, KeyError):
        raise Unanswered(f"it answered {answer.status_code} {answer.reason_phrase}", down=True) from None
    again = " It may work in a moment." if answer.status_code in BUSY else ""
    raise Unanswered(f"{reason}.{again}" if again else reason)


def _json(answer: httpx.Response, key: str | None = None) -> Any:
    """Return the body: a mapping with `key`, or without `key` a list."""
    try:
        body = answer.json()
    except ValueError:
        raise _other() from None
    if not isinstance(body, list if key is None else dict) or (key and key not in body):
        raise _other()
    return body


def _other() -> Unanswered:
    return Unanswered("another program answers at this address", down=True)
