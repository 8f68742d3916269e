"""Schemas of the answers of the service, as shown in its OpenAPI documentation."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app import DISCLAIMER

Probability = Annotated[float, Field(ge=0, le=1)]
KNOWN = {
    "part": "train",
    "similarity": 0.93,
    "transform": {"identical_pixels": False, "mirrored": True, "rotation": 90.0},
    "message": "This film, or a copy of it, was in training: the answer tells nothing about new films.",
}
VERDICT = {"verdict": "malignant", "probabilities": {"benign": 0.29, "malignant": 0.71}}


def _example(**content) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [content]})


class Problem(BaseModel):
    """Reason for a refused request."""

    model_config = _example(detail="image_: holds 2 pages or frames where one image is needed; save the one to use")
    detail: str


class Health(BaseModel):
    """Status of the service after the model is loaded."""

    model_config = _example(status="ok")
    status: str


class Factor(BaseModel):
    """Most probable value of severity or density; probabilities are sums over the classes."""

    model_config = _example(**VERDICT)
    verdict: str
    probabilities: dict[str, Probability]


class Transform(BaseModel):
    """What gives the upload from the known film: mirrored left to right or not, then rotated."""

    identical_pixels: bool = Field(description="all pixels are equal, so nothing was changed")
    mirrored: bool
    rotation: float = Field(ge=0, lt=360, description="degrees counter-clockwise")


class KnownFilm(BaseModel):
    """The film of the cell's training or validation part of which the upload is a copy."""

    model_config = _example(**KNOWN)
    part: Literal["train", "validation"]
    similarity: Probability
    transform: Transform
    message: str


class Prediction(BaseModel):
    """Prediction for a film; all verdicts are null for an image that is out of distribution."""

    model_config = _example(
        in_distribution=True,
        reason=None,
        distance=0.41,
        threshold=1.3,
        predicted="Density2Malignant",
        probabilities={"Density2Benign": 0.29, "Density2Malignant": 0.71},
        severity=VERDICT,
        density={"verdict": "2", "probabilities": {"2": 1.0}},
        known_film_check="evaluated",
        known_film=None,
        notes=[],
        disclaimer=DISCLAIMER,
    )
    in_distribution: bool
    reason: str | None = Field(description="why there is no verdict")
    distance: float = Field(description="from the nearest training film")
    threshold: float = Field(description="largest distance of an image in distribution")
    predicted: str | None
    probabilities: dict[str, Probability] | None
    severity: Factor | None
    density: Factor | None
    known_film_check: Literal["evaluated", "not evaluable"] = Field(
        description="whether the films of training and validation were searched for copies"
    )
    known_film: KnownFilm | None = Field(description="null if the search found none, or is not evaluable")
    notes: list[str] = Field(description="why severity, density or known_film is null for every image")
    disclaimer: str


class Heatmap(BaseModel):
    """The answer of the published service."""

    model_config = _example(heatmap="/9j/4AAQSkZJRgABAQ...")
    heatmap: str = Field(description="base64 of a JPEG: the film under its heat map")


class DetailedHeatmap(Heatmap):
    """With `details=true`: class, method and layer of the map."""

    shown_class: str = Field(alias="class")
    predicted: bool = Field(description="whether this is the predicted class")
    method: str
    layer: str = Field(description="the layer of the map")
    in_distribution: bool
    reason: str | None


class Estimate(BaseModel):
    """A score with its 95% CI, null if there is none."""

    estimate: float
    ci_low: float | None
    ci_high: float | None


class Scores(BaseModel):
    """Scores of the architecture under a protocol on the pooled test images of all folds."""

    protocol: str
    accuracy: Estimate
    n_images: int
    n_units: int
    unit: str = Field(description="independent units of the interval: patients, if known")
    folds: int
    verdict: str = Field(description="against the majority-class baseline")
    baselines: dict[str, float] = Field(description="accuracy of each")
    severity: dict[str, Estimate] = Field(description="of malignant against benign")


class Finding(BaseModel):
    """One verdict of the bias checks."""

    check: str
    title: str
    region_or_group: str
    verdict: str
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    q: float | None = Field(None, description="p-value corrected for the number of checks of all models")
    n: int
    note: str | None


class Bias(BaseModel):
    """Verdicts of the bias checks on the architecture under the cell's protocol."""

    summary: str
    findings: list[Finding]


class Data(BaseModel):
    """Data set that the cell was trained on."""

    title: str
    licence: str
    citation: str
    generated: bool


class Card(BaseModel):
    """Model card: data, scores, bias checks and limits of the model."""

    architecture: str
    reference: str
    study: str
    protocol: str
    fold: int
    variant: str
    parameters: int
    image_size: int
    layer: str = Field(description="layer of the Grad-CAM maps")
    classes: list[str]
    data: Data
    scores: Scores | None
    published: Scores | None = Field(description="under the published split, which leaks; for contrast")
    bias: Bias | None
    out_of_distribution: dict[str, str | float | int]
    known_films: dict[str, int] | None = Field(description="that are searched, by part; null if not evaluable")
    notes: list[str]
    disclaimer: str


class Probe(BaseModel):
    """A held-out image of the study's fixed probe set."""

    model_config = _example(number=3, label="Density2Malignant", fold=0, url="/probes/3.png")
    number: int
    label: str
    fold: int
    url: str
