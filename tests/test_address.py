"""The address of a run changes with everything that its results depend on, and with nothing else."""

import pytest

from planrec import address
from planrec.address import address_of, code_version, data_key
from planrec.compose import compose

BASE = ("target=held", "data.n_subscribers=60", "data.n_months=3")


def of(
    *overrides: str, fingerprint: str = "0" * 64, selected: bool = False, base: tuple[str, ...] = BASE
) -> str:
    return address_of(compose(*base, *overrides), fingerprint, selected)


def test_threads_and_paths_do_not_count():
    table = ("data=table", "data.plan_column=plan")
    assert of("threads=1") == of("threads=2") == of()
    assert of("data.path=here.csv", base=table) == of("data.path=there.csv", base=table)


def test_everything_else_counts():
    others = ["seed=1", "model=dummy", "model.n_estimators=7", "cv.n_folds=3", "data.seed=1", "baselines=[]"]
    found = {of(), of(fingerprint="1" * 64), of(selected=True), *(of(override) for override in others)}
    assert len(found) == 3 + len(others)


def test_the_code_counts(monkeypatch):
    before = of()
    monkeypatch.setattr(address, "code_version", lambda: "another")
    assert of() != before


def test_the_code_version_is_of_the_sources_and_the_versions(monkeypatch):
    before = code_version()
    code_version.cache_clear()
    assert code_version() == before
    code_version.cache_clear()
    monkeypatch.setattr(address, "versions", lambda: {"numpy": "0"})
    assert code_version() != before
    code_version.cache_clear()


def test_a_catalogue_counts_by_its_content(tmp_path):
    from planrec.conf_folder import CONF

    text = (CONF / "catalogue" / "ladder.yaml").read_text("utf-8")
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    for file, content in zip(files, (text, text, text.replace('"14.00"', '"14.50"')), strict=True):
        file.write_text(content, "utf-8")
    first, same, other = (of("catalogue=file", f"catalogue.path={file}") for file in files)
    assert first == same != other


@pytest.mark.parametrize(
    ("override", "same"), [("model=dummy", True), ("seed=3", True), ("data.seed=3", False)]
)
def test_runs_that_share_data_and_target_share_their_decisions(override, same):
    assert (data_key(compose(*BASE)) == data_key(compose(*BASE, override))) == same
