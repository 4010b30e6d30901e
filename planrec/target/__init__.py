"""Targets: each option turns what a source loaded into decisions with a label."""

from planrec.target.held import Held

TargetConfig = Held
