"""Configuration: the conf folder, overrides, composition, and the validated RunConfig."""
