"""`pr.replay`: the answers of `planrec replay` as a table."""

import shutil

import pytest

import planrec as pr
from planrec.errors import ConfigError, LogError
from tests.serving.replay.test_replay import ID, answered, logged


def test_logged_answers_are_replayed_as_a_table(bill_run, tmp_path):
    logged(tmp_path, answered(bill_run))
    shutil.copytree(bill_run, tmp_path / "2030-01-31" / bill_run.name)
    table = pr.replay(ID, outputs=str(tmp_path))
    assert (table["recommendation_id"].tolist(), table["is_equal"].tolist()) == ([ID], [True])
    assert table["differences"].tolist() == [""]
    with pytest.raises(LogError, match="no answer 'other'"):
        pr.replay("other", outputs=tmp_path)
    for names in ((None, None), (ID, "ann")):
        with pytest.raises(ConfigError, match="give a recommendation_id, or a subscriber"):
            pr.replay(names[0], subscriber=names[1], outputs=tmp_path)
