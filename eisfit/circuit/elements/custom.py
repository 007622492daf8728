"""Elements of the user's own, by one decorator; derivatives numerically where none are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from eisfit.circuit.elements.spec import (
    BY_SYMBOL,
    ComplexArray,
    Element,
    FloatArray,
    Parameter,
    columns,
    stack,
)
from eisfit.circuit.elements.units import exponents
from eisfit.errors import ElementError

Function = TypeVar("Function", bound=Callable[..., Any])
Entry = Sequence[Any]

# Seven points, error of sixth order. Relative for a positive parameter; for a bounded one part of
# its range, smaller because (w tau)^alpha changes by ln(w tau), up to some 30, per unit of alpha.
_RELATIVE_STEP = 4e-3
_BOUNDED_STEP = 4e-4
_NODES = np.arange(-3.0, 4.0)
# Row k: the coefficients by which the values at the nodes make the k-th power of the polynomial
_COEFFICIENTS = np.linalg.inv(np.vander(_NODES, increasing=True))
_COEFFICIENTS[np.abs(_COEFFICIENTS) < 1e-12] = 0.0

_PROBE_OMEGA = 2.0 * np.pi * np.geomspace(1e6, 1e-2, 9)
_PROBES = 6


def element(
    symbol: str,
    parameters: Iterable[Entry],
    *,
    name: str = "",
    formula: str = "",
    source: str = "",
    derivative: Callable[..., Any] | None = None,
    resistance: str | None = None,
) -> Callable[[Function], Function]:
    """Return a decorator that makes a function an element of circuit text.

        @eisfit.element("Foo", [("R", "ohm"), ("tau", "s"), ("alpha", "1", (0, 1))])
        def foo(omega, R, tau, alpha):
            return R / (1 + (1j * omega * tau) ** alpha)

        eisfit.fit(spectrum, "R0-Foo1")

    Parameters
    ----------
    symbol : str
        Letters only, such as `Foo`; the element is then `Foo1`, `Foo2` in the numbered grammar.
    parameters : list of (symbol, unit) or (symbol, unit, (lower, upper))
        In the order of the function's arguments after omega. Units are products of powers of ohm,
        S, F, H, s, Hz and 1; from them follow the sizes that a fit starts with. Without bounds, a
        parameter is positive. One without unit and bounded within 0 and 1 is an exponent, whose
        symbol may stand in a unit: `S s^alpha`.
    name, formula, source : str
        Texts for tables and messages.
    derivative : function of (omega, *parameters), or None
        Returns the k derivatives dZ/dp. Without it they are taken numerically, by seven points
        (sixth order): 6 k + 1 calls for each evaluation, accurate to about 1e-10 of Z per e-fold.
    resistance : str or None
        Which parameter is listed among the resistances; without it, the only one in ohm.

    The function gets omega (N,) in rad/s and each parameter as (..., 1), and returns the impedance
    in ohm, of a shape that goes into (..., N). One that only takes numbers is called row by row,
    which is slower. It stays what it was and can be called directly.

    Raises
    ------
    ElementError
        If the symbol is taken or no letters, a unit or bound makes no sense, or the function fails
        a trial: another shape, not finite, not as many arguments.

    A worker process that was not forked gets the element by importing the module that defines it:
    define it at the top level of a module, or of a script outside of `if __name__ == "__main__"`.
    """
    specs = _parameters(symbol, parameters)
    symbols = [spec.symbol for spec in specs]
    ohms = [spec.symbol for spec in specs if (spec.ohm, spec.second) == (1, 0)]
    if resistance is None and len(ohms) == 1:
        resistance = ohms[0]
    if resistance is not None and resistance not in ohms:
        raise ElementError(f"{symbol}: the resistance {resistance!r} is no parameter in ohm")

    def register(function: Function) -> Function:
        _check_symbol(symbol, function)
        evaluate = _Evaluation.tried(symbol, specs, function, derivative)
        BY_SYMBOL[symbol] = Element(
            symbol, "", name or f"{symbol} (user-defined)", formula or f"{function.__name__}()",
            source or f"defined in {function.__module__}", specs, evaluate,
            None if resistance is None else symbols.index(resistance), function.__module__,
        )  # fmt: skip
        return function

    return register


def _parameters(symbol: str, entries: Iterable[Entry]) -> tuple[Parameter, ...]:
    plain = [_entry(symbol, entry) for entry in entries]
    names = [name for name, _, _ in plain]
    if not plain or len(set(names)) < len(names):
        raise ElementError(f"{symbol}: needs at least one parameter, and each its own symbol")
    powers = [name for name, unit, bounds in plain if unit == "1" and bounds[1] <= 1.0]
    specs = []
    for name, unit, (lower, upper) in plain:
        ohm, second = exponents(unit, powers)
        low, high = max(lower, 0.5 if name in powers else 0.1), min(upper, 10.0)
        if low >= high:
            low, high = (lower, upper) if np.isfinite(upper) else (lower, 10.0 * lower)
        specs.append(Parameter(name, unit, ohm, second, lower, upper, (low, high)))
    return tuple(specs)


def _entry(symbol: str, entry: Entry) -> tuple[str, str, tuple[float, float]]:
    where = f"{symbol}: parameter {entry!r}"
    if isinstance(entry, str) or len(entry) not in (2, 3):
        raise ElementError(f"{where} must be (symbol, unit) or (symbol, unit, (lower, upper))")
    name, unit, *rest = entry
    if not (isinstance(name, str) and name.isidentifier() and isinstance(unit, str)):
        raise ElementError(f"{where}: expected two texts, a symbol and a unit")
    try:
        lower, upper = map(float, rest[0]) if rest else (0.0, np.inf)
    except (TypeError, ValueError):
        raise ElementError(f"{where}: expected the bounds as (lower, upper)") from None
    if not 0.0 <= lower < upper:
        raise ElementError(f"{where}: expected bounds with 0 <= lower < upper")
    return name, unit.strip(), (lower, upper)


def _check_symbol(symbol: str, function: Callable[..., Any]) -> None:
    if not (isinstance(symbol, str) and re.fullmatch("[A-Za-z]+", symbol)) or symbol == "p":
        raise ElementError(f"{symbol!r} is no symbol for an element: letters only, and not p")
    taken = BY_SYMBOL.get(symbol)
    if taken is None:
        return
    # The same function again is a cell of a notebook run again, or a module loaded again
    evaluate = taken.evaluate
    if isinstance(evaluate, _Evaluation) and evaluate.origin == _origin(function):
        return
    raise ElementError(f"the symbol {symbol} is taken by the {taken.name}: choose another")


def _origin(function: Callable[..., Any]) -> tuple[str, str]:
    module = function.__module__
    # What a worker process calls the main script
    return "__main__" if module == "__mp_main__" else module, function.__qualname__


@dataclass(frozen=True)
class _Evaluation:
    """A user's function as an element's: all derivatives, all batch dimensions, no warnings."""

    symbol: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., Any]
    derivative: Callable[..., Any] | None
    takes_batches: bool = True

    @property
    def origin(self) -> tuple[str, str]:
        return _origin(self.function)

    @classmethod
    def tried(
        cls,
        symbol: str,
        parameters: tuple[Parameter, ...],
        function: Callable[..., Any],
        derivative: Callable[..., Any] | None,
    ) -> _Evaluation:
        """Return it after a trial on values of ordinary size.

        Raises
        ------
        ElementError
            If the function, or the derivative, fails it.
        """
        rng = np.random.default_rng(0)
        spans = [p.typical for p in parameters]
        values = np.stack([rng.uniform(*span, _PROBES) for span in spans], axis=-1)
        found = cls(symbol, parameters, function, derivative)
        try:
            z, slopes = found(_PROBE_OMEGA, values)
            singly = [found(_PROBE_OMEGA, row) for row in values]
            same = np.allclose(z, [one for one, _ in singly], rtol=1e-10, atol=0.0, equal_nan=True)
        except ElementError:
            same = False
        if not same:
            found = replace(found, takes_batches=False)
            z, slopes = found(_PROBE_OMEGA, values)
        if not np.isfinite(z).all():
            bad = values[~np.isfinite(z).all(axis=1)][0]
            at = ", ".join(f"{p.symbol} = {v:.3g}" for p, v in zip(parameters, bad, strict=True))
            raise ElementError(f"{symbol}: the impedance is not finite at {at}")
        if not np.isfinite(slopes).all():
            raise ElementError(f"{symbol}: the derivatives are not finite")
        if derivative is not None:
            found._check_derivatives(values, z, slopes)
        return found

    def _check_derivatives(
        self, values: FloatArray, impedance: ComplexArray, given: ComplexArray
    ) -> None:
        _, expected = replace(self, derivative=None)(_PROBE_OMEGA, values)
        for i, spec in enumerate(self.parameters):
            size = values[:, i, None] / np.abs(impedance)
            if (size * np.abs(given[:, i] - expected[:, i])).max() > 1e-5:
                raise ElementError(
                    f"{self.symbol}: the derivative by {spec.symbol} is not that of its function"
                )

    def __call__(self, omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return impedance (..., N) and derivatives (..., k, N)."""
        if not self.takes_batches and values.ndim > 1:
            flat = [self._evaluate(omega, row) for row in values.reshape(-1, values.shape[-1])]
            shape = values.shape[:-1]
            z = np.reshape([z for z, _ in flat], (*shape, len(omega)))
            return z, np.reshape([s for _, s in flat], (*values.shape, len(omega)))
        return self._evaluate(omega, values)

    def _evaluate(self, omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        shape = (*values.shape[:-1], len(omega))
        with np.errstate(all="ignore"):
            z = self._called(self.function, omega, values, shape)
            if self.derivative is not None:
                slopes = self._given(omega, values, shape)
            else:
                slopes = [self._slope(i, omega, values, z) for i in range(values.shape[-1])]
        return z, stack(shape, *slopes)

    def _arguments(self, values: FloatArray) -> list[Any]:
        return columns(values) if self.takes_batches else [float(value) for value in values]

    def _called(
        self,
        function: Callable[..., Any],
        omega: FloatArray,
        values: FloatArray,
        shape: tuple[int, ...],
    ) -> ComplexArray:
        try:
            return self._shaped(function(omega, *self._arguments(values)), shape)
        except (TypeError, ValueError, ArithmeticError, IndexError) as error:
            raise ElementError(
                f"{self.symbol}: its function cannot be called with omega and "
                f"{len(self.parameters)} parameters: {error}"
            ) from error

    def _given(
        self, omega: FloatArray, values: FloatArray, shape: tuple[int, ...]
    ) -> list[ComplexArray]:
        assert self.derivative is not None
        found = self.derivative(omega, *self._arguments(values))
        if len(found) != len(self.parameters):
            raise ElementError(
                f"{self.symbol}: expected {len(self.parameters)} derivatives, found {len(found)}"
            )
        return [self._shaped(part, shape) for part in found]

    def _shaped(self, found: Any, shape: tuple[int, ...]) -> ComplexArray:
        try:
            return np.array(np.broadcast_to(np.asarray(found, dtype=np.complex128), shape))
        except ValueError:
            raise ElementError(
                f"{self.symbol}: expected complex numbers of shape {shape}, found shape "
                f"{np.shape(found)}; omega is (N,), each parameter (..., 1)"
            ) from None

    def _slope(
        self, i: int, omega: FloatArray, values: FloatArray, z: ComplexArray
    ) -> ComplexArray:
        """Return dZ/dp of parameter i: the slope at p of the polynomial through seven values."""
        spec, p = self.parameters[i], values[..., i]
        step = np.where(p > 1e-290, _RELATIVE_STEP * p, _RELATIVE_STEP * spec.typical[0])
        step = np.minimum(step, _BOUNDED_STEP * (spec.upper - spec.lower))
        # Beyond its bounds a function may not exist, so near them the points move inward
        centre = np.clip(p, spec.lower + 3.0 * step, spec.upper - 3.0 * step)
        at = (p - centre) / step
        weights = sum(
            k * at[..., None] ** (k - 1) * _COEFFICIENTS[k] for k in range(1, len(_NODES))
        )
        total = np.zeros_like(z)
        for node, weight in zip(_NODES, np.moveaxis(np.asarray(weights), -1, 0), strict=True):
            if not weight.any():  # the middle one, away from the bounds
                continue
            moved = values.copy()
            moved[..., i] = centre + node * step
            total += weight[..., None] * self._called(self.function, omega, moved, z.shape)
        return total / step[..., None]
