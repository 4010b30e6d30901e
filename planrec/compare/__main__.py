"""`python -m planrec.compare`."""

import sys

from planrec.compare import main

if __name__ == "__main__":
    sys.exit(main())
