"""The extra `planrec[serve]`: packages that only the server needs."""

from importlib.util import find_spec

from planrec.errors import ConfigError

PACKAGES = ("litestar", "uvicorn", "httptools", "multipart", "prometheus_client")


def check_serve_extra() -> None:
    """Check that the packages of the server are installed.

    Raises:
        ConfigError: it names the missing packages and the command that installs them.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"the server needs {', '.join(missing)}: type pip install 'planrec[serve]'")
