"""Steps of a measurement within a time, the file that keeps what they found, and what is printed of it."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import stored
from benchmarks.errors import BadInput
from benchmarks.plan.table import duration
from benchmarks.reference import about
from benchmarks.speed.gpu.foretell import EPOCHS, epoch_seconds
from benchmarks.speed.gpu.workers import Failed

LEAST = 5  # seconds below which no step is begun


class Steps:
    """Runs one step after another until the moment `until` of time.monotonic(); `file` keeps what they found."""

    def __init__(self, file: Path, until: float, command: str):
        self.file, self.until, self.command = file, until, command
        self.found: dict[str, Any] = {"steps": []}

    def run(self, name: str, step: Callable[[float], Any], kept: float = 0) -> Any:
        """Return what `step` returns; it gets the moment by which it must end, `kept` seconds before `until`.

        Returns None, and notes why, if it fails or no time is left. The file keeps the note.
        """
        began = time.monotonic()
        result, status = None, "done"
        if self.until - kept - began < LEAST:
            status = "left out: no time"
        else:
            try:
                result = step(self.until - kept)
            except (Failed, BadInput) as error:
                status = f"failed: {error}"
        self.found["steps"].append({"step": name, "status": status, "seconds": round(time.monotonic() - began, 1)})
        if status != "done":
            print(f"{name}: {status}", flush=True)
            self.keep()
        return result

    def keep(self, **results: Any) -> None:
        """Add results to the file."""
        self.found |= results
        with stored.replacing(self.file) as draft:
            draft.write_text(json.dumps(self.found | about(self.command), indent=1))


def share_of_peak(own: Mapping[str, Any], peak: Mapping[str, float]) -> float:
    """Return operations a second of a network that trains alone, over the peak of the card at its precision."""
    return own["operations_per_image"] * images_per_second(own) / peak[own["precision"]]


def images_per_second(own: Mapping[str, Any]) -> float:
    """Return the images on which a network that trains alone trains in a second."""
    return own["batch_size"] / own["step_seconds"]


def print_card(found: Mapping[str, Any]) -> None:
    """Print the card and its peak arithmetic."""
    memory = f", {found['memory_mb']:,} MiB" if found["memory_mb"] else ""
    peak = ", ".join(f"{rate / 1e12:,.3g} TFLOP/s in {name}" for name, rate in found["peak"].items())
    print(f"{found['name']}{memory}; products of matrices: {peak}", flush=True)


def print_alone(name: str, own: Mapping[str, Any], peak: Mapping[str, float]) -> None:
    """Print the speed of a network that trains alone."""
    memory = f", at most {own['peak_device_mb']:,} MiB on the device" if own["peak_device_mb"] else ""
    print(
        f"{name}: {epoch_seconds(own):.3g} s an epoch, {images_per_second(own):,.0f} images/s at batch "
        f"{own['batch_size']} in {own['precision']}, {share_of_peak(own, peak):.1%} of the peak arithmetic{memory}",
        flush=True,
    )


def print_shared(name: str, own: Mapping[str, Any], alone: Mapping[str, Any]) -> None:
    """Print how many processes side by side are fastest."""
    each = epoch_seconds(alone) * own["k"] / own["gain"]
    print(
        f"{name}: {own['k']} side by side are fastest: {own['gain']:.2f} times the images of one, "
        f"{each:.3g} s an epoch of each",
        flush=True,
    )


def print_replay(own: Mapping[str, Any]) -> None:
    """Print the time of the published study."""
    print(
        f"published study, {len(own['architectures'])} networks x {EPOCHS} epochs, extrapolated: "
        f"{duration(own['seconds_alone'])} one after another, {duration(own['seconds_side_by_side'])} side by side",
        flush=True,
    )


def print_fold(own: Mapping[str, Any]) -> None:
    """Print the skill of the fine-tuned fold."""
    print(
        f"{own['study']}, one fold of EfficientNet-Lite0: area under ROC of severity {own['severity_auc']:.3f}, "
        f"accuracy {own['accuracy']:.3f} on {own['images']} images, {duration(own['seconds'])}",
        flush=True,
    )
