"""`pr.track`: the copies of `planrec track` as a table."""

import shutil

import pandas as pd

import planrec as pr


def test_a_run_is_tracked_once_and_registered(bill_run, server, tmp_path):
    folder = tmp_path / "runs" / "2030-01-31" / "one"
    shutil.copytree(bill_run, folder)
    pr.pin(folder, "spring prices", outputs=tmp_path / "runs")
    first = pr.track(folder, server=server, outputs=tmp_path / "runs")
    again = pr.track(registry=True, outputs=tmp_path / "runs")
    assert first["was_there"].tolist() == [False]
    assert again["was_there"].tolist() == [True]
    assert again["tracked_id"].tolist() == first["tracked_id"].tolist()
    assert again["version"].tolist() == ["1"]
    assert pd.isna(first["version"]).all()
