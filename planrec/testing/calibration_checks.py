"""Contract of calibrations: probabilities in, probabilities out, row by row."""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.base import BaseEstimator

from planrec.contracts import Calibration


def check_calibration(calibration: Calibration) -> None:
    """Run every check of `CALIBRATION_CHECKS` on a calibration that builds a calibrator.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    rng = np.random.default_rng(0)
    learned, y = rng.dirichlet(np.ones(4), 200), rng.integers(0, 4, 200)
    unseen = np.concatenate([rng.dirichlet(np.full(4, 0.2), 50), np.eye(4), np.full((1, 4), 0.25)])
    for name, check in CALIBRATION_CHECKS.items():
        try:
            check(calibration, learned, y, unseen)
        except AssertionError as error:
            error.add_note(f"in the check {name} of calibration={calibration.kind}")
            raise


def outputs_are_probabilities(
    calibration: Calibration, learned: np.ndarray, y: np.ndarray, unseen: np.ndarray
) -> None:
    """Check shape, range and sums of what `transform` returns, and that inputs stay unchanged."""
    before = [array.copy() for array in (learned, y, unseen)]
    answer = _fitted(calibration, learned, y).transform(unseen)
    assert answer.shape == unseen.shape
    assert np.isfinite(answer).all()
    assert ((answer >= 0) & (answer <= 1)).all()
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=0, atol=1e-12)
    for array, was in zip((learned, y, unseen), before, strict=True):
        np.testing.assert_array_equal(array, was)


def a_row_does_not_depend_on_the_other_rows(
    calibration: Calibration, learned: np.ndarray, y: np.ndarray, unseen: np.ndarray
) -> None:
    """Check that a row alone, and rows in another memory order, give the same bits as the batch."""
    fitted = _fitted(calibration, learned, y)
    batch = fitted.transform(unseen)
    alone = [fitted.transform(unseen[[row]])[0] for row in range(len(unseen))]
    np.testing.assert_array_equal(alone, batch)
    np.testing.assert_array_equal(fitted.transform(np.asfortranarray(unseen)), batch)


def a_second_fit_gives_the_same_bits(
    calibration: Calibration, learned: np.ndarray, y: np.ndarray, unseen: np.ndarray
) -> None:
    """Check that fitting again gives the same calibrator."""
    first, second = (_fitted(calibration, learned, y).transform(unseen) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def few_rows_are_legal(
    calibration: Calibration, learned: np.ndarray, y: np.ndarray, unseen: np.ndarray
) -> None:
    """Check that no row, one row and one class can be fitted."""
    for n in (0, 1, 7):
        few = learned[:n]
        answer = _fitted(calibration, few, np.zeros(len(few), np.int64)).transform(unseen)
        np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=0, atol=1e-12)


CalibrationCheck = Callable[[Calibration, np.ndarray, np.ndarray, np.ndarray], None]
CALIBRATION_CHECKS: Mapping[str, CalibrationCheck] = {
    check.__name__: check
    for check in (
        outputs_are_probabilities,
        a_row_does_not_depend_on_the_other_rows,
        a_second_fit_gives_the_same_bits,
        few_rows_are_legal,
    )
}
"Checks by name; each takes a calibration, probabilities and labels to fit, and probabilities to transform."


def _fitted(calibration: Calibration, learned: np.ndarray, y: np.ndarray) -> BaseEstimator:
    calibrator = calibration.build()
    assert calibrator is not None, "a calibration that builds nothing has nothing to check"
    return calibrator.fit(learned, y)
