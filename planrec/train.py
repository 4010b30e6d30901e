"""`python -m planrec.train ...`: another spelling of `planrec train ...`."""

import sys

from planrec.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
