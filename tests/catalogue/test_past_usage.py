"""The arrays behind reasons agree with the readable invoice for any catalogue and usage."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from planrec.catalogue import Catalogue, counted_usage, invoice
from planrec.catalogue.past_usage import PastUsage
from planrec.schema.columns import Columns, lag
from tests.catalogue.catalogues import month_of, raw_catalogues, usages


def past_of(usage: Columns, known: list[int]) -> Columns:
    """Two subscribers with the same three months, of which each knows the first few."""
    return {
        lag(name, ago): np.array([array[ago - 1] if ago <= k else np.nan for k in known])
        for name, array in usage.items()
        for ago in (1, 2, 3)
    }


@given(raw_catalogues(max_plans=3), usages(n=3), st.lists(st.integers(1, 3), min_size=2, max_size=2))
def test_bills_and_allowances_are_those_of_the_invoices(raw: Any, usage: Columns, known: list[int]) -> None:
    catalogue = Catalogue.model_validate(raw)
    past = PastUsage(past_of(usage, known), catalogue)
    assert past.months.tolist() == known
    cent = Decimal(1).scaleb(-catalogue.exponent)
    for row, k in enumerate(known):
        months = [month_of(usage, position) for position in range(k)]
        for index, plan in enumerate(catalogue.plans):
            total = sum((invoice(catalogue, plan.id, month) for month in months), Decimal(0))
            mean = (total / k).quantize(cent, ROUND_HALF_UP)
            assert Decimal(int(past.mean_bill[row, index])).scaleb(-catalogue.exponent) == mean
            counted = [counted_usage(catalogue, plan, month) for month in months]
            is_over = np.zeros(k, bool)
            for place, allowance in enumerate(past.allowances.metered):
                if allowance.plan == index:
                    used = [month[allowance.service] for month in counted]
                    service = getattr(plan.services, allowance.service)
                    is_data = allowance.service == "data"
                    unit = catalogue.mib_per_unit(service.unit) if is_data else 1
                    included = service.included * unit
                    assert past.used[row, place] == 100 * sum(used)
                    assert past.months_over[row, place] == sum(each > included for each in used)
                    is_over |= [each > included for each in used]
            assert past.months_covered[row, index] == k - is_over.sum()
