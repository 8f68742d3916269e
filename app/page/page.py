"""Page of the service: streamlit run app/page/page.py. All data come from the API (at MAMMOBENCH_API).

Uploads and answers stay in the memory of a visitor's session and are never written to disk.
"""

import json
import sys
from pathlib import Path
from typing import Any

import streamlit as st

# Streamlit adds the folder of its script to the path, not the root of the package.
if (root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.append(root)

from app import DISCLAIMER
from app.page import client, parts
from app.page.client import Refused, Unanswered

KINDS = ["png", "jpg", "jpeg", "dcm", "dicom", "tif", "tiff"]
UPLOAD, PROBE = "Upload a film", "A film of the study"
OPACITY = 0.6  # default of the API
KEPT: dict[str, Any] = {"scope": "session", "max_entries": 32, "show_spinner": False}
FLAG = "A flag means that predictions depend on irrelevant image content, ignore the lesion or differ between groups, "
FLAG += "or that the saliency maps do not explain the predictions."
HEAT = "Blue is low and yellow is high: influence on the score of this class, by this method."


# The card is part of the cache key: another model gives other answers.
@st.cache_data(**KEPT)
def predict(card: str, image: bytes) -> dict:
    """Return the prediction for an image."""
    return client.predict(image)


@st.cache_data(**KEPT)
def picture(card: str, image: bytes, opacity: float, **choices: str) -> bytes:
    """Return the film under its heat map."""
    return client.heatmap(image, opacity, **choices)


def main() -> None:
    """Show the page."""
    st.set_page_config(page_title="mammobench", layout="wide")
    st.html(parts.STYLE)
    st.title("Prediction of a mammogram classifier, and its accuracy")
    with st.container(key="disclaimer"):
        st.html(f'<p role="note">{DISCLAIMER}</p>')
    where = f"The API at {client.address()}"
    try:
        card = client.card()
        image = choose(client.probes())
        if image is not None:
            try:
                with st.spinner("Computing the prediction ..."):
                    show(card, image)
            except Refused as error:
                st.error(f"The API refuses this file: {error}")
        study(card)
    except Refused as error:
        st.error(f"{where} refuses: {error}")
        st.button("Try again")
    except Unanswered as error:
        st.error(f"{where} does not answer: {error}. Start it with `make serve`, or set MAMMOBENCH_API.")
        st.button("Try again")


def choose(probes: list[dict]) -> bytes | None:
    """Return the file that the visitor uploads or selects."""
    source = st.radio("Film", [UPLOAD, PROBE], horizontal=True) if probes else UPLOAD
    if source == UPLOAD:
        text = "One whole mammogram as PNG, JPEG, TIFF or DICOM. The file is sent to the API and never written to disk."
        uploaded = st.file_uploader(text, type=KINDS)
        return uploaded.getvalue() if uploaded else None
    labels = {probe["number"]: f"film {probe['number']}, labelled {probe['label']}" for probe in probes}
    number = st.selectbox("Films held out from the training of this network", labels, format_func=labels.__getitem__)
    return client.probe(number)


def show(card: dict, image: bytes) -> None:
    """Show the prediction for `image` with its heat map. Raises Refused with the API's reason."""
    known = json.dumps(card)
    answer, film = predict(known, image), picture(known, image, 0.0)
    words, pixels = st.columns([3, 2], gap="medium")
    with words:
        st.header("Prediction")
        if answer["known_film"]:
            st.warning(parts.known(answer["known_film"]))
        if answer["reason"]:
            st.warning(f"No verdict. {answer['reason']}")
        else:
            st.html(parts.verdict(answer, card["scores"], card["published"]))
            st.html(parts.probabilities(answer))
        for note in answer["notes"]:
            st.caption(note)
    with pixels:
        st.header("Film")
        if answer["reason"]:
            st.image(film, caption="The image as decoded by the API.", width=336, alt="The uploaded image")
        else:
            explain(known, card, image, answer, film)


def explain(known: str, card: dict, image: bytes, answer: dict, film: bytes) -> None:
    """Show the film under a heat map of the visitor's choice."""
    classes = card["classes"]
    shown = st.selectbox("Class of the map", classes, index=classes.index(answer["predicted"]))
    method = st.selectbox("Method of the map", parts.METHODS, format_func=parts.METHODS.__getitem__)
    opacity = st.slider("Opacity of the map", 0.0, 1.0, OPACITY, 0.05)
    full = picture(known, image, 1.0, **{"class": shown, "method": method})
    caption = f"{parts.METHODS[method]} of {shown}, layer {card['layer']}. {HEAT}"
    alt = f"The film under the heat map of {shown}"
    st.image(parts.mixed(film, full, opacity), caption=caption, width=336, alt=alt)


def study(card: dict) -> None:
    """Show the study's results for the network."""
    st.header("Results of the study")
    scores, bias = card["scores"], card["bias"]
    st.markdown(
        f"The network is `{card['architecture']}` of the study `{card['study']}`, fold {card['fold']} of "
        f"`{card['protocol']}`, trained on: {card['data']['title']}."
    )
    if scores:
        st.markdown(
            f"Under `{scores['protocol']}`, {parts.condition(scores)}. Compared with the majority-class baseline: "
            f"**{scores['verdict']}** ({scores['n_images']} test images of {scores['n_units']} {scores['unit']}, "
            f"pooled over {scores['folds']} networks)."
        )
        st.markdown(parts.contrast(card))
        st.html(parts.accuracies(card))
    if bias:
        st.markdown(f"Bias checks: {bias['summary']} {FLAG}")
        with st.expander("All verdicts of the bias checks"):
            st.html(parts.findings(bias["findings"]))
    for note in card["notes"]:
        st.caption(note)
    with st.expander("The network and its data"):
        st.markdown(
            f"- {card['parameters']:,} parameters, {card['image_size']} pixels a side, {card['variant']}\n"
            f"- after {card['reference']}\n- data: {card['data']['citation']} ({card['data']['licence']})"
        )
    st.markdown(f"[Model card as JSON]({client.address()}/model), [API]({client.address()}/docs)")


if __name__ == "__main__":
    main()
