"""Routes of the service. Servers start `create_app`, which reads its settings from the environment."""

import asyncio
import base64
import contextlib
import html
import pathlib
import string
import warnings
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import pandas as pd
from fastapi import FastAPI, File, HTTPException, Path, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.formparsers import MultiPartParser

from analysis.explanations.gradcam import GRADCAM, METHODS
from analysis.predictions import most_probable, summed
from app import DISCLAIMER
from app.bounds import Bounds, refuse
from app.logs import Logged
from app.model.answers import (
    Card,
    DetailedHeatmap,
    Factor,
    Health,
    Heatmap,
    KnownFilm,
    Prediction,
    Probe,
    Problem,
    Transform,
)
from app.model.card import card, probes
from app.model.choose import choose
from app.model.known import Match
from app.model.picture import OPACITY, overlay, png
from app.model.served import ANSWERED, Answer, Served
from app.settings import Settings
from app.upload import Refused, film
from benchmarks import backend
from benchmarks.cells.heads import FACTORS

OUT_OF_DISTRIBUTION = "X-Out-Of-Distribution"  # header of a heat map for an image without a verdict
T = TypeVar("T")
Method: Any = Literal[METHODS]
NOT_FINITE = "The network's answer is not a finite number."
MESSAGES = {
    "train": "This film, or a copy of it, was in training: the answer tells nothing about new films.",
    "validation": "This film, or a copy of it, was used to choose the model: the answer says little about new films.",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The form can't be read."},
    413: {"model": Problem, "description": "The request or its image is too large."},
    415: {"model": Problem, "description": "Not an image in a supported format."},
    422: {"model": Problem, "description": "Not one whole image, or a parameter that is not allowed."},
    503: {"model": Problem, "description": "Too many requests at the same time."},
    504: {"model": Problem, "description": "Timeout."},
}
FLAG = {"description": "true if the image is out of distribution", "schema": {"type": "string"}}
HOME = string.Template(pathlib.Path(__file__).with_name("home.html").read_text().replace("\n", ""))
Image = Annotated[UploadFile, File(description="one film: PNG, JPEG, TIFF, BMP, WebP, DICOM ...")]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service for `settings`, by default from the environment. Raises BadInput without a cell to serve."""
    settings = settings or Settings.of()
    cell = choose(settings)
    # Images are never written to disk, which may be read-only.
    MultiPartParser.spool_max_size = settings.max_bytes

    @contextlib.asynccontextmanager
    async def lifespan(service: FastAPI) -> AsyncIterator[None]:
        backend.prepare(1)
        # Warnings about broken files would fill standard error.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"(PIL|pydicom)\.")
        with ThreadPoolExecutor(settings.threads) as threads:
            service.state.threads, service.state.served = threads, Served(cell)
            service.state.card, service.state.probes = card(service.state.served), probes(cell)
            yield

    service = FastAPI(
        title="mammobench",
        version="1",
        description=f"Predictions and saliency maps of a trained cell. {DISCLAIMER}",
        lifespan=lifespan,
        exception_handlers={Refused: _refused, RequestValidationError: _invalid},
    )
    service.add_middleware(Bounds, settings=settings)
    service.add_middleware(Logged)

    async def answered(upload: UploadFile, work: Callable[[Served, np.ndarray], T]) -> T:
        """Return `work` of the served model and the uploaded film, computed in one of the threads."""
        content, state = await upload.read(), service.state
        return await asyncio.get_running_loop().run_in_executor(
            state.threads, lambda: work(state.served, film(content, settings.max_pixels))
        )

    @service.get("/", response_class=HTMLResponse)
    def home() -> str:
        """Show the served model and links."""
        return _page(service.state.card)

    @service.get("/health")
    def health() -> Health:
        """Answer as soon as the model is loaded."""
        return Health(status="ok")

    @service.get("/model")
    def model() -> Card:
        """Return the model card: description, honest scores, verdicts of the bias checks."""
        return service.state.card

    @service.get("/probes")
    def list_probes() -> list[Probe]:
        """List held-out images of the study."""
        return [probe for probe, _ in service.state.probes.values()]

    @service.get(
        "/probes/{number}.png",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, 404: {"model": Problem}, 422: {"model": Problem}},
    )
    def show_probe(number: Annotated[int, Path(ge=0, examples=[0])]) -> Response:
        """Return a held-out image at the size of the model's input."""
        if number not in service.state.probes:
            raise HTTPException(404, f"no probe {number}; GET /probes lists them")
        _, pixels = service.state.probes[number]
        return Response(png(pixels), media_type="image/png")

    Class: Any = Literal[*cell.classes]  # known only when the service starts
    size = settings.max_bytes

    @service.post("/predict", responses=REFUSALS, max_body_size=size)
    async def predict(image_: Image) -> Prediction:
        """Return the prediction for a film, or why there is no verdict, and whether the model knows the film."""

        def work(served: Served, pixels: np.ndarray) -> Prediction:
            return prediction(served, served.answer(pixels), served.known.find(pixels) if served.known else None)

        return await answered(image_, work)

    flagged = REFUSALS | {200: {"headers": {OUT_OF_DISTRIBUTION: FLAG}}}

    @service.post("/generate_heatmap", responses=flagged, max_body_size=size, response_model=DetailedHeatmap | Heatmap)
    async def generate_heatmap(
        image_: Image,
        shown: Annotated[Class | None, Query(alias="class", description="default: the predicted class")] = None,
        method: Annotated[Method, Query(description="of the map")] = GRADCAM,
        opacity: Annotated[float, Query(alias="overlay", ge=0, le=1, description="at the maximum")] = OPACITY,
        details: Annotated[bool, Query(description="add class, method and layer of the map")] = False,
    ) -> JSONResponse:
        """Return the film under the heat map of a class, like the published service."""

        def work(served: Served, pixels: np.ndarray) -> JSONResponse:
            target = ANSWERED if shown is None else served.classes.index(shown)
            found = served.answer(pixels, target, method)
            answer: dict[str, Any] = {"heatmap": base64.b64encode(overlay(pixels, found.heat, opacity)).decode()}
            if details:
                answer |= {"class": served.classes[found.target], "method": method}
                answer |= {"predicted": bool(found.probabilities.argmax() == found.target)}
                answer |= {"layer": served.explainer.layer, "in_distribution": not found.reason, "reason": found.reason}
            return JSONResponse(answer, headers={OUT_OF_DISTRIBUTION: "true"} if found.reason else None)

        return await answered(image_, work)

    return service


def prediction(served: Served, answer: Answer, match: Match | None) -> Prediction:
    """Convert `answer` and `match` to the schema; no verdict for an image that is out of distribution."""
    reason = answer.reason or (None if np.isfinite(answer.probabilities).all() else NOT_FINITE)
    verdict: dict[str, Any] = dict.fromkeys(("predicted", "probabilities", *FACTORS))
    if reason is None:
        row = pd.DataFrame([answer.probabilities.astype(float)], columns=[f"p_{name}" for name in served.classes])
        verdict["predicted"] = served.classes[answer.probabilities.argmax()]
        verdict["probabilities"] = dict(zip(served.classes, row.iloc[0].clip(0, 1), strict=True))
        for factor, values in served.factors.items():
            if values is not None:
                sums = summed(row, values)
                verdict[factor] = Factor(verdict=most_probable(sums)[0], probabilities=sums.iloc[0].to_dict())
    return Prediction(
        in_distribution=answer.reason is None,
        reason=reason,
        distance=answer.distance,
        threshold=served.familiar.threshold,
        **verdict,
        known_film_check="evaluated" if served.known else "not evaluable",
        known_film=known_film(match) if match else None,
        notes=served.notes,
        disclaimer=DISCLAIMER,
    )


def known_film(match: Match) -> KnownFilm:
    """Convert `match` to the schema."""
    # 359.95 rounds to 360, which is 0.
    rotation = round(match.rotation, 1) % 360
    return KnownFilm(
        part=match.part,
        similarity=round(match.similarity, 3),
        transform=Transform(identical_pixels=match.identical_pixels, mirrored=match.mirrored, rotation=rotation),
        message=MESSAGES[match.part],
    )


async def _refused(request: Request, error: Refused) -> JSONResponse:
    return refuse(error.status, error.reason)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    return refuse(422, "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()))


def _page(shown: Card) -> str:
    scores = shown.scores
    accuracy = "not evaluable"
    if scores:
        own = scores.accuracy
        limits = "no interval" if own.ci_low is None else f"95 % interval {own.ci_low:.2f} to {own.ci_high:.2f}"
        accuracy = f"{own.estimate:.2f} ({limits}, {scores.n_units} {scores.unit})"
    fields = shown.model_dump() | {"accuracy": accuracy, "bias": shown.bias.summary if shown.bias else ""}
    return HOME.substitute({name: html.escape(str(value)) for name, value in fields.items()})
