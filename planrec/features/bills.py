"""Feature set `bills`: bills of the last months on every plan; levels, gaps, spread, use of allowances."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, PositiveInt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.contracts import FeatureSet
from planrec.errors import ConfigError, DataError
from planrec.features.bill_statistics import Layout, bill_statistics, layout_of
from planrec.features.columns_input import NamedColumns, columns_from
from planrec.features.lag_input import check_readable, found_lags, in_blocks, read_numbers
from planrec.schema.columns import HELD, Columns, Usage, lag


def _increasing(windows: tuple[int, ...]) -> tuple[int, ...]:
    if list(windows) != sorted(set(windows)):
        raise ValueError(f"windows must increase, got {list(windows)}")
    return windows


class BillsFeatures(FeatureSet):
    """Past months, re-rated on every plan of the catalogue; attributes are not read."""

    needs_usage: ClassVar[bool] = True
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["bills"]
    windows: Annotated[tuple[PositiveInt, ...], Field(min_length=1), AfterValidator(_increasing)]
    "Numbers of months of the mean bills; spread and use of allowances are over the longest one."
    saving_against_held: bool
    "Whether features compare every plan with the plan held, which `target=held` does not give."

    @property
    def reads_held(self) -> bool:
        """Whether the transformer reads the plan held."""
        return self.saving_against_held

    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `BillsTransformer`.

        Raises:
            ConfigError: there is no catalogue.
        """
        if catalogue is None:
            raise ConfigError(
                f"features that re-rate bills need a plan catalogue: type {typed(catalogue='ladder')}"
            )
        return BillsTransformer(
            catalogue=catalogue.model_dump_json(by_alias=True),
            windows=list(self.windows),
            saving_against_held=self.saving_against_held,
        )


class BillsTransformer(NamedColumns, TransformerMixin, BaseEstimator):
    """A transformer that re-rates the lag columns `data_mib.1 ... data_mib.W` on every plan.

    Money is the currency's major unit a month, over the known months of a window. A month is unknown if any
    of its usage is NaN; without a known month every feature is NaN. Windows longer than W become W.

    * `bill_mean_3@PLAN`: mean bill of the last 3 months; left out if usage does not change the bill.
    * `bill_gap_3@PLAN`: its distance to the mean bill of the cheapest plan, which is at position `cheapest_3`
      of the catalogue (of equally cheap plans the first).
    * Over the longest window, if it has several months: `bill_sd@PLAN`, the population standard deviation,
      and `bill_p90@PLAN`, the 90 % quantile, linear between months.
    * `data_mib_over_8192`: share of its months with usage above an allowance; `data_mib_used_8192`: mean
      usage divided by it (left out for an allowance of 0). Plans with the same allowance share these.
    * With `saving_against_held`: `held_bill`, the mean bill of the plan held over the longest window, and
      `saving@PLAN`, the saving of a plan against it; NaN if the plan held is unknown.

    Args:
        catalogue: the catalogue as JSON; text, so that a saved transformer is plain data.
        windows: increasing numbers of months.
        saving_against_held: whether the column `held` is read.

    Attributes:
        services_: the usage columns read.
        window_: W, or the longest of `windows` if that is shorter.
    """

    def __init__(self, *, catalogue: str, windows: list[int], saving_against_held: bool) -> None:
        """Keep the parameters of the class."""
        self.catalogue = catalogue
        self.windows = windows
        self.saving_against_held = saving_against_held

    def fit(self, X: object, y: object = None) -> Self:
        """Find the lags; values and `y` are not read.

        Raises:
            DataError: lag columns of a service are missing, or the column `held` if it is needed.
        """
        columns = columns_from(X)
        found, reach = found_lags(columns, "bills")
        # Billed minutes make bills exact; without them rating estimates them from the calls.
        billed = [Usage.VOICE_MINUTES_BILLED] if Usage.VOICE_MINUTES_BILLED in found else []
        self.services_ = [*Usage.MEASURED, *billed]
        self.window_ = min(reach, self.windows[-1])
        read = [lag(usage, ago) for usage in self.services_ for ago in range(1, self.window_ + 1)]
        check_readable(columns, read)
        if self.saving_against_held:
            _check_held(columns)
            read.append(HELD)
        self.n_features_in_ = len(read)
        self.feature_names_in_ = np.array(read, dtype=object)
        return self

    def transform(self, X: object) -> np.ndarray:
        """Compute the matrix, shape (n, n_features), C-contiguous float64.

        Raises:
            DataError: columns are missing or are not numbers, or usage is out of range; the message names all
                of them.
        """
        check_is_fitted(self, "services_")
        return self.matrix(columns_from(X))

    def matrix(self, columns: Columns) -> np.ndarray:
        """Transform without scikit-learn's checks, which take longer than one row."""
        arrays = read_numbers(columns, self.feature_names_in_.tolist())
        layout = self._layout()
        n_lags = len(self.services_) * self.window_
        matrix = np.empty((len(arrays[0]), len(layout.names)))
        for rows, block in in_blocks(arrays):
            usage = block[:n_lags].reshape(len(self.services_), self.window_, -1)
            held = block[n_lags] if self.saving_against_held else None
            matrix[rows] = bill_statistics(usage, held, layout).T
        return matrix

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """List names such as `bill_gap_6@mini`, `cheapest_6`, `data_mib_over_8192`."""
        check_is_fitted(self, "services_")
        _check_feature_names_in(self, input_features)
        return np.array(self._layout().names, dtype=object)

    def _layout(self) -> Layout:
        windows = tuple(sorted({min(window, self.window_) for window in self.windows}))
        services = tuple(self.services_)
        return layout_of(self.catalogue, services, windows, against_held=self.saving_against_held)


def _check_held(columns: Columns) -> None:
    if HELD not in columns:
        raise DataError(
            "saving_against_held needs the plan held, which the target does not give:"
            f" type {typed(target='best_bill')}, or {typed({'features.saving_against_held': False})}"
        )
    check_readable(columns, [HELD])
