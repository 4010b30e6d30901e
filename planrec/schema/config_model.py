"""The base class of every config: closed and frozen."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of every config: unknown keys are errors, and values never change.

    Fields have no defaults: the default of an option is its YAML file in conf/.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
