"""`python -m planrec.explain`."""

import sys

from planrec.explain import main

if __name__ == "__main__":
    sys.exit(main())
