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
    return f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    """Return the user of this process; LOGNAME and USER may name any other."""
    try:
        import pwd
    except ImportError:  # Windows
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container without an entry for its user
        return f"uid-{os.getuid()}"
