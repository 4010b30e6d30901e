"""Plans and prices: the catalogue of an operator, and the bill of a month of usage on each plan.

Importing this package loads numpy and pydantic, never pandas or scikit-learn.

Examples:
    A catalogue with one plan, and the bill of a month with 130 minutes and 2 GiB, computed by the readable
    reference and by the fast rating (in cents):

    >>> from decimal import Decimal
    >>> import numpy as np
    >>> voice = {"included": 100, "unit": "minute", "overage": {"price": "0.05", "per": 1}}
    >>> data = {"included": 1, "unit": "GiB", "overage": {"price": "2.00", "per": 1}}
    >>> rounding = {"scope": "period", "mode": "ceil", "step": 1}
    >>> plan = {
    ...     "id": "mini",
    ...     "name": "Mini",
    ...     "sellable": True,
    ...     "valid_for": {"start": "2030-01-01", "end": None},
    ...     "period": {"unit": "month", "length": 1},
    ...     "fee": {"recurring": "10.00", "activation": "0"},
    ...     "services": {
    ...         "voice": voice | {"rounding": rounding},
    ...         "sms": {"included": "unlimited", "unit": "message"},
    ...         "data": data | {"rounding": rounding},
    ...     },
    ...     "overage_policy": {"mode": "charge", "cap_per_period": None},
    ...     "contract": {"commitment_months": 0, "early_termination_fee": "0"},
    ...     "eligibility": [],
    ... }
    >>> catalogue = Catalogue.model_validate(
    ...     {
    ...         "schema": "planrec.catalogue/1",
    ...         "catalogue_id": "example",
    ...         "version": "1",
    ...         "currency": "USD",
    ...         "data_unit": {"name": "GiB", "mib": 1024},
    ...         "plans": [plan],
    ...     }
    ... )
    >>> usage = {"voice_calls": 60, "voice_minutes": 130, "sms": 8, "data_mib": 2048}
    >>> month = MonthUsage(**{name: Decimal(amount) for name, amount in usage.items()})
    >>> invoice(catalogue, "mini", month)
    Decimal('13.50')
    >>> rate({name: np.array([float(amount)]) for name, amount in usage.items()}, catalogue)
    array([[1350]])
"""

from typing import Annotated

from pydantic import Field

from planrec.catalogue.allowances import Allowances, allowances_of
from planrec.catalogue.file import CatalogueFile
from planrec.catalogue.invoice import MonthUsage, counted_usage, invoice
from planrec.catalogue.plans import Catalogue, NoCatalogue, Plan
from planrec.catalogue.rating import bill_basis, counts_of, rate, rate_counts
from planrec.catalogue.terms import (
    DataUnit,
    Eligibility,
    Overage,
    Rounding,
    Service,
    Services,
    UnlimitedService,
)

CatalogueConfig = Annotated[Catalogue | CatalogueFile | NoCatalogue, Field(discriminator="schema_")]
"The options of `catalogue=`; each has `open() -> Catalogue | None`."

__all__ = [
    "Allowances",
    "Catalogue",
    "CatalogueConfig",
    "CatalogueFile",
    "DataUnit",
    "Eligibility",
    "MonthUsage",
    "NoCatalogue",
    "Overage",
    "Plan",
    "Rounding",
    "Service",
    "Services",
    "UnlimitedService",
    "allowances_of",
    "bill_basis",
    "counted_usage",
    "counts_of",
    "invoice",
    "rate",
    "rate_counts",
]
