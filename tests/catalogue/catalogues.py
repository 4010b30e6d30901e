"""Catalogues for tests: those that ship, and Hypothesis strategies for every legal one."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import yaml

from planrec.catalogue import Catalogue, MonthUsage
from planrec.schema.columns import Columns, Usage

CONF = Path(__file__).parents[2] / "conf" / "catalogue"


def raw_catalogue(name: str) -> Any:
    """Read the YAML of a shipped catalogue."""
    return yaml.safe_load((CONF / f"{name}.yaml").read_text("utf-8"))


def shipped(name: str) -> Catalogue:
    return Catalogue.model_validate(raw_catalogue(name))


def month_of(usage: Columns, row: int) -> MonthUsage:
    """Convert one row to the input of the reference; exact for amounts with two decimals."""
    amounts = {name: Decimal(repr(float(array[row]))) for name, array in usage.items()}
    return MonthUsage(**amounts)


def money(digits: int, most: int = 300) -> st.SearchStrategy[str]:
    return st.integers(0, most * 10**digits).map(lambda n: f"{Decimal(n).scaleb(-digits):f}")


def services(unit: str, rounding: st.SearchStrategy[Any], times: int = 1) -> st.SearchStrategy[Any]:
    """Draw services whose allowances and priced steps are multiples of `times` quarter units."""
    pers = [1, 10, 0.25, 7] if unit != "GiB" else [1, 0.25, 5, 0.5]
    metered = st.fixed_dictionaries(
        {
            "included": st.sampled_from([0, times, 3 * times, 10 * times, 50 * times, 500 * times, 1e9])
            | st.integers(0, 4000).map(lambda n: n / 4 * times),
            "unit": st.just(unit),
            "overage": st.fixed_dictionaries(
                {"price": money(6, 20) | money(2, 20), "per": st.sampled_from([per * times for per in pers])}
            ),
            "rounding": rounding,
        }
    )
    return metered | st.just({"included": "unlimited", "unit": unit})


def roundings(steps: list[float]) -> st.SearchStrategy[Any]:
    period = {"scope": st.just("period"), "mode": st.sampled_from(["ceil", "nearest", "floor"])}
    return st.just({"scope": "none"}) | st.fixed_dictionaries({**period, "step": st.sampled_from(steps)})


@st.composite
def raw_catalogues(draw: st.DrawFn, max_plans: int = 3) -> Any:
    """Draw every legal term of a catalogue that changes a bill."""
    currency, digits = draw(st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]))
    data_unit = draw(st.sampled_from([("GiB", 1024), ("GB", 953.68), ("GB", 953.674)]))
    # Of 953.674 MiB only five units and their multiples are whole hundredths.
    times = 20 if data_unit[1] == 953.674 else 1
    data_roundings = roundings([1 * times, 0.25 * times, 0.5 * times])
    # All plans of a catalogue round calls in one way.
    of_calls = {
        "scope": "event",
        "mode": draw(st.sampled_from(["ceil", "nearest", "floor"])),
        "step": draw(st.sampled_from([1, 0.5, 0.01, 3])),
    }
    voice = services("minute", st.just(of_calls) | roundings([1, 0.03, 7]))
    of_plan = {
        "fee": st.fixed_dictionaries({"recurring": money(digits), "activation": st.just("0")}),
        "services": st.fixed_dictionaries(
            {
                "voice": voice,
                "sms": services("message", roundings([1, 5])),
                "data": services(draw(st.sampled_from([data_unit[0], "MiB"])), data_roundings, times),
            }
        ),
        "overage_policy": st.fixed_dictionaries(
            {"mode": st.just("charge"), "cap_per_period": st.none() | money(digits, 60)}
        ),
    }
    plans = draw(st.lists(st.fixed_dictionaries(of_plan), min_size=1, max_size=max_plans))
    template = raw_catalogue("ladder")
    return {
        **template,
        "currency": currency,
        "data_unit": {"name": data_unit[0], "mib": data_unit[1]},
        "plans": [{**template["plans"][0], **plan, "id": f"p{i}"} for i, plan in enumerate(plans)],
    }


def amounts(most: float) -> st.SearchStrategy[float]:
    """Usage at the border's precision of 0.01, with the edges of whole GiB, of five GB and of the range."""
    return (
        st.integers(0, int(most * 100)).map(lambda n: n / 100)
        | st.integers(0, 200).map(lambda n: n / 2)
        | st.integers(0, 40).map(lambda gib: gib * 1024 + 0.01)
        | st.integers(0, 40).map(lambda n: n * 476837 / 100)
        | st.sampled_from([0.0, 0.01, 1.0, 500.0, 1024.0, 1e9])
    )


@st.composite
def usages(draw: st.DrawFn, n: int = 4) -> Columns:
    """n months with or without billed minutes."""
    names = Usage.ALL if draw(st.booleans()) else Usage.MEASURED
    return {name: np.array(draw(st.lists(amounts(50_000), min_size=n, max_size=n))) for name in names}
