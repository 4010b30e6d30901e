"""`python -m planrec.score`."""

import sys

from planrec.score import main

if __name__ == "__main__":
    sys.exit(main())
