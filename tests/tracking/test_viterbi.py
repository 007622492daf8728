"""The path through all choices of names, on made-up places of known truth."""

from itertools import permutations

import numpy as np
import pytest

import eisfit.tracking.viterbi as viterbi
from eisfit.tracking.viterbi import Layer, cheapest_path

DRIFT = np.array([0.3, 0.7])


def layers(places, errors=0.05):
    """Return layers of places (T, A, 2) in which every order of the names is a state."""
    found = []
    for t, place in enumerate(np.asarray(places, dtype=float)):
        ways = list(permutations(range(len(place))))
        every = np.array([place[list(way)] for way in ways])
        error = np.full(every.shape, np.broadcast_to(errors, len(places))[t])
        found.append(Layer(every, np.where(np.isnan(every), np.nan, error), np.zeros(len(ways))))
        found[-1].cost[0] = -0.01  # as given, where nothing else decides
    return found


def orders(path, count):
    ways = list(permutations(range(count)))
    return [ways[s] for s in path]


def test_capacitance_tells_arcs_that_cross_in_resistance():
    """Two arcs change places in R, and so in tau, while each keeps its C."""
    t = np.linspace(0.0, 1.0, 6)
    first = np.stack([np.full(6, -15.0), 3.0 + 2.0 * t], axis=1)
    second = np.stack([np.full(6, -13.5), 5.0 - 2.0 * t], axis=1)
    places = np.stack([first, second], axis=1)
    places[3:] = places[3:, ::-1]  # given in another order from the fourth on
    path = cheapest_path(layers(places), np.ones(5), DRIFT)
    assert orders(path, 2) == [(0, 1)] * 3 + [(1, 0)] * 3


def test_one_odd_layer_exchanges_no_names():
    """In the third layer one name is where the other was, poorly known: a false minimum."""
    places = np.tile([[-15.0, 4.0], [-10.0, 4.0]], (7, 1, 1))
    places[2] = [[-10.2, 3.5], [-10.6, 3.0]]
    path = cheapest_path(
        layers(places, [0.05, 0.05, 1.0, 0.05, 0.05, 0.05, 0.05]), np.ones(6), DRIFT
    )
    found = orders(path, 2)
    assert [found[t] for t in (0, 1, 3, 4, 5, 6)] == [(0, 1)] * 6


def test_a_name_that_is_gone_for_a_while_comes_back_to_its_own():
    places = np.tile([[-15.0, 4.0], [-12.0, 4.0], [-9.0, 4.0]], (8, 1, 1))
    places[2:6, 1] = np.nan
    given = places[:, [2, 0, 1]]
    found = cheapest_path(layers(given), np.ones(7), DRIFT)
    ways = orders(found, 3)
    named = np.array([place[list(way)] for place, way in zip(given, ways, strict=True)])
    for name in range(3):
        seen = named[:, name, 0]
        assert len(set(seen[np.isfinite(seen)].tolist())) == 1


@pytest.mark.parametrize("most", [viterbi.MOST, 1])
def test_the_path_is_the_cheapest_of_all(monkeypatch, most):
    """Against every path tried one by one, with two looked at or three."""
    monkeypatch.setattr(viterbi, "MOST", most)
    monkeypatch.setattr(viterbi, "ROUNDS", 0)
    rng = np.random.default_rng(8)
    places = rng.normal(size=(4, 2, 2))
    lay = layers(places, 0.3)
    for layer in lay:
        layer.cost[:] = rng.uniform(0.0, 2.0, 2)
    far = rng.uniform(0.5, 2.0, 3)
    skip = viterbi.SKIP if most > 1 else 0.0

    def step(a, b, reach):
        variance = DRIFT**2 * reach + 2 * 0.3**2
        bits = 3.5 * np.log1p((b - a) ** 2 / (6.0 * variance)) + 0.5 * np.log(variance / DRIFT**2)
        return bits.sum()

    def cost(path):
        at = [lay[t].place[s] for t, s in enumerate(path)]
        total = sum(lay[t].cost[s] for t, s in enumerate(path))
        total += sum(step(at[t], at[t + 1], far[t]) for t in range(3))
        return total + skip * sum(step(at[t], at[t + 2], far[t] + far[t + 1]) for t in range(2))

    every = [tuple(int(b) for b in f"{k:04b}") for k in range(16)]
    assert tuple(cheapest_path(lay, far, DRIFT)) == min(every, key=cost)
