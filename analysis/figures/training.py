"""Figures of the training: learning curves, trials of the hyperparameter search, and which hyperparameters mattered."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.comparison.importance import MATTERS
from analysis.drawing.panels import grid_of_panels, label_rows, log_ticks
from analysis.drawing.style import FULL_WIDTH, GREY, INK, intervals, key, looks
from analysis.names import named

COLUMNS = 3
DRAWN = 12  # folds with a line each; more lines would hide each other


def learning(history: pd.DataFrame, architectures: list[str], chosen_epoch: str) -> Figure:
    """Loss and accuracy over the epochs: a thin line for each fold, a thick line for the mean while all folds train.

    `history` holds the rows of one protocol of tables/history.csv. `chosen_epoch` is `best` if cells keep the epoch
    with the lowest validation loss, which is then marked, else `last`.
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
        for offset, measure in enumerate(("loss", "accuracy")):
            axes = grid[2 * block + offset, column]
            _curves(axes, rows, measure, style[name], chosen_epoch)
            if measure == "loss":
                _log_scale(axes, limits)
                axes.set_title(named(name))
            else:
                axes.set(ylim=(-0.02, 1.02), xlabel="epoch")
            axes.set_ylabel(measure if column == 0 else "")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(axis="y")
    for place in range(len(names), columns * blocks):
        for offset in range(2):
            grid[2 * (place // columns) + offset, place % columns].set_axis_off()
    n_folds = history["fold"].nunique()
    thin = "a fold" if n_folds <= DRAWN else f"the first {DRAWN} of {n_folds} folds"
    note = f" (thin: {thin}; thick: mean while all folds train)" if n_folds > 1 else ""
    handles = {
        "training": key(color=GREY, linewidth=1.6, linestyle=(0, (2, 1.2))),
        f"validation{note}": key(linewidth=1.6, linestyle="-"),
    }
    if chosen_epoch == "best":
        handles["epoch kept"] = key("o", size=3.5)
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure


def _log_scale(axes: Axes, limits: tuple[float, float]) -> None:
    axes.set(yscale="log", ylim=limits)
    log_ticks(axes.yaxis, few=limits[1] < 5 * limits[0])


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    losses = table.to_numpy(float)
    losses = losses[np.isfinite(losses) & (losses > 0)]
    # The limits ignore the highest losses: a diverged fold would flatten all other curves.
    low, high = np.quantile(losses, [0, 0.98]) if losses.size else (0.1, 10)
    return low / 1.15, high * 1.15


def _curves(axes: Axes, rows: pd.DataFrame, measure: str, look: tuple[str, str], chosen_epoch: str) -> None:
    colour, marker = look
    folds = [fold for _, fold in rows.groupby("fold")]
    for part, line, shade in ((measure, (0, (2, 1.2)), GREY), (f"val_{measure}", "-", colour)):
        for fold in folds[:DRAWN]:
            axes.plot(fold["epoch"], fold[part], color=shade, linewidth=0.6, alpha=0.55)
        if folds:
            together = min(len(fold) for fold in folds)
            mean = np.mean([fold[part].to_numpy(float)[:together] for fold in folds], axis=0)
            axes.plot(folds[0]["epoch"][:together], mean, color=shade, linewidth=1.6, linestyle=line)
    if chosen_epoch == "best":
        for fold in folds[:DRAWN]:
            if fold["val_loss"].notna().any():
                best = fold.loc[fold["val_loss"].idxmin()]
                axes.plot(best["epoch"], best[f"val_{measure}"], color=colour, marker=marker, markersize=3.5)


def search(trials: pd.DataFrame, architectures: list[str], default_first: bool) -> Figure:
    """Validation loss of every trial in every fold, with a ring around the chosen trial.

    `trials` holds the rows of one protocol of tables/trials.csv. With `default_first`, the first trial of a cell has
    the default hyperparameters and is crossed (hyperband has no such trial).
    """
    names = sorted(architectures)
    style = looks(architectures)
    figure, panels, columns = grid_of_panels(len(names), COLUMNS, 1.75, 0.4, sharey=True)
    limits = _limits(trials[["score"]])
    for place, (name, axes) in enumerate(zip(names, panels, strict=True)):
        cells = trials[trials["architecture"] == name]
        folds = sorted(cells["fold"].unique())
        for x, fold in enumerate(folds):
            _trials(axes, x, cells[cells["fold"] == fold], style[name], default_first)
        axes.set_xticks(range(len(folds)), folds)
        _log_scale(axes, limits)
        axes.set(xlim=(-0.6, len(folds) - 0.4), xlabel="fold")
        axes.set_ylabel("validation loss" if place % columns == 0 else "")
        axes.set_title(f"{named(name)}{_unseen(cells['score'], limits[1])}")
        axes.grid(axis="y")
    handles = {
        "a trial": key("o", size=3.5, color=GREY, markerfacecolor=GREY),
        "chosen": key("o", filled=False, size=8),
    }
    if default_first:
        handles["default hyperparameters (the first trial)"] = key("x", size=5)
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure


def _unseen(scores: pd.Series, highest: float) -> str:
    """Return a note with the number of trials that a panel does not show: failed, or above the `highest` loss."""
    failed, above = int(scores.isna().sum()), int((scores > highest).sum())
    notes = [f"{failed} failed"] * (failed > 0) + [f"{above} above"] * (above > 0)
    return f"  ({', '.join(notes)} of {len(scores)} trials)" if notes else ""


def _trials(axes: Axes, x: int, cell: pd.DataFrame, look: tuple[str, str], default_first: bool) -> None:
    colour, marker = look
    # Trials are side by side in their order, so that equal scores stay visible.
    ordered = cell.sort_values("trial")
    offsets = np.linspace(-0.25, 0.25, len(ordered)) if len(ordered) > 1 else np.zeros(1)
    at = pd.Series(x + offsets, index=ordered.index)
    axes.plot(at, ordered["score"], linestyle="", color=colour, marker=marker, markersize=3.5, alpha=0.75)
    best = ordered[ordered["best"].astype(bool)]
    axes.plot(at[best.index], best["score"], linestyle="", color=INK, marker="o", markersize=8, markerfacecolor="none")
    if default_first:
        axes.plot(at.iloc[:1], ordered["score"].iloc[:1], linestyle="", color=INK, marker="x", markersize=5)


def importance(table: pd.DataFrame) -> Figure | None:
    """Importance of each hyperparameter, a panel for each architecture; None if no fit explains anything.

    `table` is tables/importance.csv and names all architectures, which colours depend on. Filled markers: it matters.
    """
    style = looks(list(table["architecture"].unique()))
    known = table.dropna(subset=["importance"])
    if known.empty:
        return None
    parts = {name: rows.sort_values("importance", ascending=False) for name, rows in known.groupby("architecture")}
    most = max(len(rows) for rows in parts.values())
    figure, panels, columns = grid_of_panels(len(parts), 2, 0.19 * most + 0.5, 0.45, sharex=True)
    for place, (axes, (name, rows)) in enumerate(zip(panels, parts.items(), strict=True)):
        axes.axvline(0, color=GREY, linewidth=0.8)
        filled = (rows["verdict"] == MATTERS).to_numpy()
        intervals(axes, range(len(rows)), rows["importance"], rows["low"], rows["high"], style[name], filled, size=4)
        label_rows(axes, rows["hyperparameter"])
        axes.set_ylim(most - 0.5, -0.5)
        axes.set_title(f"{named(name)}  (R2 {rows['r2'].iloc[0]:.2f}, {rows['n_trials'].iloc[0]} trials)")
        axes.tick_params(axis="x", labelbottom=place + columns >= len(parts))
    figure.supxlabel("decrease of R2 by permutation (95% of the permutations)", fontsize=8, color=INK)
    handles = {
        "matters": key("o", linestyle="-", linewidth=1.4),
        "no effect shown": key("o", filled=False, linestyle="-", linewidth=1.4),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    return figure
