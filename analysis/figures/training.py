"""Figures of the training: learning curves and the search for hyperparameters."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.style import FAINT, FULL_WIDTH, GREY, INK, key, log_scale, looks

COLUMNS = 3
DRAWN = 12  # folds with lines of their own; those of hundreds would hide each other
MEASURES = (("loss", "loss"), ("accuracy", "accuracy"))


def learning(history: pd.DataFrame, architectures: list[str], chosen_epoch: str) -> Figure:
    """Loss and accuracy over the epochs: thin lines for folds, a thick one for the mean while all folds still train.

    `history` holds one protocol's rows of tables/history.csv. `chosen_epoch` is `best` if a cell keeps the epoch with
    the lowest validation loss, which is then marked, else `last`.
    """
    names = sorted(architectures)
    style = looks(architectures)
    columns, blocks = min(COLUMNS, len(names)), math.ceil(len(names) / COLUMNS)
    figure = plt.figure(figsize=(FULL_WIDTH, 2.3 * blocks + 0.35), layout="constrained")
    grid = figure.subplots(2 * blocks, columns, squeeze=False, sharey="row")
    limits = _limits(history[["loss", "val_loss"]])
    for place, name in enumerate(names):
        block, column = divmod(place, columns)
        rows = history[history["architecture"] == name]
        for offset, (measure, label) in enumerate(MEASURES):
            axes = grid[2 * block + offset, column]
            _curves(axes, rows, measure, style[name], chosen_epoch)
            if measure == "loss":
                log_scale(axes, *limits)
                axes.set_title(name, loc="left", weight="bold")
            else:
                axes.set(ylim=(-0.02, 1.02), xlabel="epoch")
            axes.set_ylabel(label if column == 0 else "")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(axis="y", color=FAINT, linewidth=0.5)
    for place in range(len(names), columns * blocks):
        for offset in range(2):
            grid[2 * (place // columns) + offset, place % columns].set_axis_off()
    lines = [
        key(color=GREY, linewidth=1.6, linestyle=(0, (2, 1.2))),
        key(linewidth=1.6, linestyle="-"),
    ]
    texts = ["training", f"validation{_thin(history['fold'].nunique())}"]
    if chosen_epoch == "best":
        lines.append(key("o", size=3.5))
        texts.append("epoch kept")
    figure.legend(lines, texts, loc="outside upper left", ncols=3)
    return figure


def _thin(n_folds: int) -> str:
    if n_folds == 1:
        return ""
    which = "a fold" if n_folds <= DRAWN else f"the first {DRAWN} of {n_folds} folds"
    return f" (thin: {which}; thick: mean while all folds train)"


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    losses = table.to_numpy(float)
    losses = losses[np.isfinite(losses) & (losses > 0)]
    # A diverged fold would press all other curves flat.
    low, high = np.quantile(losses, [0, 0.98]) if losses.size else (0.1, 10)
    return low / 1.15, high * 1.15


def _curves(axes, rows: pd.DataFrame, measure: str, look: tuple[str, str], chosen_epoch: str) -> None:
    colour, marker = look
    folds = [fold for _, fold in rows.groupby("fold")]
    for part, line, shade in ((measure, (0, (2, 1.2)), GREY), (f"val_{measure}", "-", colour)):
        for fold in folds[:DRAWN]:
            axes.plot(fold["epoch"], fold[part], color=shade, linewidth=0.6, alpha=0.55)
        together = min((len(fold) for fold in folds), default=0)
        if len(folds) > 1 and together:
            mean = np.mean([fold[part].to_numpy(float)[:together] for fold in folds], axis=0)
            axes.plot(range(1, together + 1), mean, color=shade, linewidth=1.6, linestyle=line)
        elif folds:
            axes.plot(folds[0]["epoch"], folds[0][part], color=shade, linewidth=1.6, linestyle=line)
    if chosen_epoch == "best":
        for fold in folds[:DRAWN]:
            if fold["val_loss"].notna().any():
                best = fold.loc[fold["val_loss"].idxmin()]
                axes.plot(best["epoch"], best[f"val_{measure}"], color=colour, marker=marker, markersize=3.5)


def search(trials: pd.DataFrame, architectures: list[str], default_first: bool) -> Figure:
    """Validation loss of every trial in every fold; the chosen one ringed, the default configuration crossed.

    `trials` holds one protocol's rows of tables/trials.csv. `default_first`: whether the first trial of a cell has the
    default hyperparameters (not so with hyperband).
    """
    names = sorted(architectures)
    style = looks(architectures)
    columns, rows = min(COLUMNS, len(names)), math.ceil(len(names) / COLUMNS)
    figure = plt.figure(figsize=(FULL_WIDTH, 1.75 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    limits = _limits(trials[["score"]])
    for place, axes in enumerate(grid.flat):
        if place >= len(names):
            axes.set_axis_off()
            continue
        cells = trials[trials["architecture"] == names[place]]
        folds = sorted(cells["fold"].unique())
        for x, fold in enumerate(folds):
            _trials(axes, x, cells[cells["fold"] == fold], style[names[place]], default_first)
        axes.set_xticks(range(len(folds)), folds)
        log_scale(axes, *limits)
        axes.set(xlim=(-0.6, len(folds) - 0.4), xlabel="fold")
        axes.set_ylabel("validation loss" if place % columns == 0 else "")
        axes.set_title(f"{names[place]}{_unseen(cells['score'], limits[1])}", loc="left", weight="bold")
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
    handles = [
        key("o", size=3.5, color=GREY, markerfacecolor=GREY),
        key("o", filled=False, size=8),
    ]
    texts = ["a trial", "chosen"]
    if default_first:
        handles.append(key("x", size=5))
        texts.append("default hyperparameters (the first trial)")
    figure.legend(handles, texts, loc="outside upper left", ncols=3)
    return figure


def _unseen(scores: pd.Series, highest: float) -> str:
    """How many trials of a panel can't be seen in it, and why."""
    failed, above = int(scores.isna().sum()), int((scores > highest).sum())
    notes = [f"{failed} failed"] * (failed > 0) + [f"{above} above"] * (above > 0)
    return f"  ({', '.join(notes)} of {len(scores)} trials)" if notes else ""


def _trials(axes, x: int, cell: pd.DataFrame, look: tuple[str, str], default_first: bool) -> None:
    colour, marker = look
    # Spread side by side in the order of trying, so that equal scores stay visible.
    ordered = cell.sort_values("trial")
    offsets = np.linspace(-0.25, 0.25, len(ordered)) if len(ordered) > 1 else np.zeros(1)
    at = pd.Series(x + offsets, index=ordered.index)
    axes.plot(at, ordered["score"], linestyle="", color=colour, marker=marker, markersize=3.5, alpha=0.75)
    best = ordered[ordered["best"].astype(bool)]
    axes.plot(at[best.index], best["score"], linestyle="", color=INK, marker="o", markersize=8, markerfacecolor="none")
    if default_first:
        axes.plot(at.iloc[:1], ordered["score"].iloc[:1], linestyle="", color=INK, marker="x", markersize=5)
