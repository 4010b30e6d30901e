"""Files of contacts: their days are those of the campaign's time zone."""

from pathlib import Path

import pandas as pd
import pytest

from planrec.campaigns.contact_files import read_contacts

TIMES = {
    "2026-05-30T23:30-05:00": "2026-05-31",
    "2026-05-30 22:30Z": "2026-05-31",
    "2026-05-30 01:30:00.5+0530": "2026-05-29",
    "2026-05-30 23:59": "2026-05-30",
    "2026-05-30": "2026-05-30",
}


@pytest.mark.parametrize(("written", "day"), TIMES.items())
def test_a_time_with_an_offset_is_converted(tmp_path: Path, written: str, day: str) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(f"subscriber,time\ns1,{written}\n", "utf-8")
    assert read_contacts(file, "Europe/Madrid").day.astype(str).tolist() == [day]


@pytest.mark.parametrize(("zone", "day"), [(None, "2026-05-30"), ("UTC", "2026-05-31")])
def test_instants_of_a_parquet_file_are_converted_from_their_zone(
    tmp_path: Path, zone: str | None, day: str
) -> None:
    file = tmp_path / "contacts.parquet"
    time = pd.to_datetime(["2026-05-30 22:30"]).tz_localize(zone)
    pd.DataFrame({"subscriber": ["s1"], "time": time}).to_parquet(file)
    assert read_contacts(file, "Europe/Madrid").day.astype(str).tolist() == [day]
