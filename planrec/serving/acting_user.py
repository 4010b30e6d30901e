"""The user of this process, as pins and the decision log name those who act."""

import getpass
import os
import socket
from functools import cache


@cache
def acting_user() -> str:
    """Return user and machine, such as `ana@crm-1`.

    >>> "@" in acting_user()
    True
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
