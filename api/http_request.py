"""The type of a request of Litestar."""

from typing import Any

import litestar
from litestar.datastructures import State

HttpRequest = litestar.Request[Any, Any, State]
"Litestar's request, which carries no user and no session."
