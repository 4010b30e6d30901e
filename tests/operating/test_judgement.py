"""The verdict over the gates of a challenger."""

import pytest

from planrec.metrics import Estimate
from planrec.operating.judgement import Judgement
from planrec.operating.non_inferiority import MarginGate

HOLDS, BROKEN, UNDECIDED = (-0.2, 0.1), (0.3, 0.5), (-0.2, 0.4)
LEANING = (0.1, 0.5)
"The value is above the margin, and the interval includes it."


def judged(overall: list[tuple[float, float]], segments: list[tuple[float, float]]) -> str:
    gates = [
        MarginGate("champion", "regret", name, Estimate((low + high) / 2, low, high), 0.2, 500, 200)
        for name, ends in ((None, overall), ("held=mini", segments))
        for low, high in ends
    ]
    return Judgement(tuple(gates), {}, 500, 200, None).outcome


@pytest.mark.parametrize(
    ("overall", "segments", "outcome"),
    [
        ([HOLDS, HOLDS], [], "passed"),
        ([HOLDS], [UNDECIDED, HOLDS], "passed"),
        ([HOLDS], [LEANING], "passed"),
        ([LEANING], [], "undecided"),
        ([HOLDS], [BROKEN], "refused"),
        ([HOLDS, UNDECIDED], [], "undecided"),
        ([HOLDS, BROKEN], [], "refused"),
        ([], [], "undecided"),
        ([(float("nan"), float("nan"))], [], "undecided"),
    ],
)
def test_every_gate_of_all_decisions_must_hold_and_no_segment_may_be_broken(overall, segments, outcome):
    assert judged(overall, segments) == outcome


def test_an_undecided_gate_says_how_many_subscribers_would_decide_it():
    gate = MarginGate("champion", "regret", None, Estimate(0.1, -0.2, 0.4), 0.2, 500, 200)
    assert str(gate) == (
        "undecided: regret against the champion: worse by +0.100 [-0.200, 0.400], margin 0.200,"
        " 200 subscribers; about 1,800 subscribers would decide it"
    )
    hopeless = MarginGate("champion", "regret", None, Estimate(0.3, 0.1, 0.5), 0.2, 500, 200)
    assert hopeless.subscribers_needed is None
