"""Properties of every data source."""

import pytest

from planrec.config.compose import compose
from planrec.errors import ConfigError


@pytest.mark.parametrize("source", ["simulator", "megaline_us"])
def test_a_source_that_needs_plans_is_refused_early_without_a_catalogue(source: str) -> None:
    with pytest.raises(ConfigError, match="catalogue"):
        compose(f"data={source}", "catalogue=none", "target=held", "features=usage", "policy=most_probable")
