"""Where heat lies: shares against counted pixels, the pointing game, and the maps that see no tissue."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.explanations.heat import (
    BLIND,
    BREAST_MASK,
    CENTRE,
    CONTRAST,
    blind_maps,
    hits,
    measures,
    random_maps,
    share,
)


def test_shares_and_hits_are_counted():
    heat = np.zeros((4, 4))
    heat[0, :] = 1
    heat[0, 0] = 5
    region = np.zeros((4, 4), bool)
    region[:, 0] = True
    assert share(heat, region) == 5 / 8 and hits(heat, region) == 1 and hits(heat, ~region) == 0
    assert np.isnan(share(np.zeros((4, 4)), region)) and np.isnan(hits(np.zeros((4, 4)), region))


@given(seed=st.integers(0, 99))
def test_an_even_map_has_the_share_of_the_area(seed):
    region = np.random.default_rng(seed).random((9, 9)) < 0.4
    (row,) = measures({"even": np.ones((1, 9, 9))}, {"some": region})
    assert row["share"] == pytest.approx(row["area"]) and row["hit"] == pytest.approx(row["area"])


def test_blind_maps_know_the_breast_at_most():
    breast = np.zeros((32, 32), bool)
    breast[:, :12] = True
    image = np.zeros((32, 32), np.float32)
    image[16:24, 16:24] = 200
    maps = blind_maps(image, breast, (4, 4), np.random.default_rng(0))
    assert set(maps) == set(BLIND) and all(heat.shape[1:] == (32, 32) and heat.min() >= 0 for heat in maps.values())
    assert share(maps[BREAST_MASK][0], breast) == 1
    assert hits(maps[CONTRAST][0], image > 0) == 1 and maps[CONTRAST][0][:4].max() == 0
    assert np.unravel_index(maps[CENTRE][0].argmax(), (32, 32)) in {(15, 15), (15, 16), (16, 15), (16, 16)}


@pytest.mark.parametrize("grid", [(2, 2), (8, 8)])
def test_random_maps_favour_no_place(grid):
    """Not even a coarse map's border, which the hottest patch often touches: the same patch would, wherever it is."""
    corner = np.zeros((32, 32), bool)
    corner[:8, :8] = True
    maps = random_maps(grid, 32, 2000, np.random.default_rng(1))
    found = [next(measures({"random": part}, {"corner": corner}))["share"] for part in np.split(maps, 20)]
    assert np.mean(found) == pytest.approx(1 / 16, abs=0.01)
    assert np.mean([heat[16:, :16].mean() for heat in maps]) == pytest.approx(0.5, abs=0.02)
