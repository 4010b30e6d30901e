"""Plans and prices: the catalogue of an operator, and what a month of usage costs on each plan.

Light: importing it loads numpy and pydantic, never pandas or scikit-learn.
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
"What `catalogue=` may be; every option answers `open() -> Catalogue | None`."

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
