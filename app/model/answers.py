"""What the service answers, as its OpenAPI schema shows it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app import DISCLAIMER

Probability = Annotated[float, Field(ge=0, le=1)]
VERDICT = {"verdict": "malignant", "probabilities": {"benign": 0.29, "malignant": 0.71}}


def _example(**content) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [content]})


class Problem(BaseModel):
    """Why a request was refused."""

    model_config = _example(detail="image_: holds 2 pages or frames where one image is needed; save the one to use")
    detail: str


class Health(BaseModel):
    """The model is loaded and answers."""

    model_config = _example(status="ok")
    status: str


class Factor(BaseModel):
    """The most probable value of severity or density, whose probabilities are sums over the classes."""

    model_config = _example(**VERDICT)
    verdict: str
    probabilities: dict[str, Probability]


class Prediction(BaseModel):
    """The answer to a film; every verdict is null for an image that is far from the films of the training."""

    model_config = _example(
        in_distribution=True,
        reason=None,
        distance=0.41,
        threshold=1.3,
        predicted="Density2Malignant",
        probabilities={"Density2Benign": 0.29, "Density2Malignant": 0.71},
        severity=VERDICT,
        density={"verdict": "2", "probabilities": {"2": 1.0}},
        notes=[],
        disclaimer=DISCLAIMER,
    )
    in_distribution: bool
    reason: str | None = Field(description="why there is no verdict")
    distance: float = Field(description="from the nearest training film")
    threshold: float = Field(description="the distance from which on an image is out of distribution")
    predicted: str | None
    probabilities: dict[str, Probability] | None
    severity: Factor | None
    density: Factor | None
    notes: list[str] = Field(description="why severity or density has no answer, whatever the image")
    disclaimer: str


class Heatmap(BaseModel):
    """The published answer, and no more."""

    model_config = _example(heatmap="/9j/4AAQSkZJRgABAQ...")
    heatmap: str = Field(description="base64 of a JPEG: the film under its heat map")


class DetailedHeatmap(Heatmap):
    """With `details=true`: what the map speaks for."""

    shown_class: str = Field(alias="class")
    predicted: bool = Field(description="whether that is the class the model answers")
    method: str
    layer: str = Field(description="the layer of the map")
    in_distribution: bool
    reason: str | None


class Estimate(BaseModel):
    """A score with its 95 % interval, null where there is none."""

    estimate: float
    ci_low: float | None
    ci_high: float | None


class Scores(BaseModel):
    """How the architecture did under a protocol: test images of all folds, pooled."""

    protocol: str
    accuracy: Estimate
    n_images: int
    n_units: int
    unit: str = Field(description="what the interval counts as independent: patients, where they are known")
    folds: int
    verdict: str = Field(description="against always answering the majority class")
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
    n: int
    note: str | None


class Bias(BaseModel):
    """What the bias checks say of the architecture under the cell's protocol."""

    summary: str
    findings: list[Finding]


class Data(BaseModel):
    """The images the cell was trained on."""

    title: str
    licence: str
    citation: str
    generated: bool


class Card(BaseModel):
    """What to know of the model before using it for anything."""

    architecture: str
    reference: str
    study: str
    protocol: str
    fold: int
    variant: str
    parameters: int
    image_size: int
    layer: str = Field(description="that Grad-CAM explains")
    classes: list[str]
    data: Data
    scores: Scores | None
    published: Scores | None = Field(description="under the published split, which leaks; for contrast")
    bias: Bias | None
    out_of_distribution: dict[str, str | float | int]
    notes: list[str]
    disclaimer: str


class Probe(BaseModel):
    """An image of the study's fixed probe set that the cell was not trained on."""

    model_config = _example(number=3, label="Density2Malignant", fold=0, url="/probes/3.png")
    number: int
    label: str
    fold: int
    url: str
