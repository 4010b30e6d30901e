"""Settings in PLANREC_ variables; all wrong ones are reported at once."""

import os
import subprocess
import sys

import pytest

from api.settings import Settings, all_settings, read_settings, settings_table
from planrec.cli import main
from planrec.errors import ConfigError
from tests.conftest import REPOSITORY


def test_defaults_apply_without_variables():
    assert read_settings({}) == Settings()
    assert read_settings({"HOME": "/root", "PLANREC_DATA": "x", "PLANREC_DEBUG": "1"}) == Settings()


def test_each_setting_has_a_description_and_its_own_variable():
    settings = list(all_settings())
    assert len({setting.variable for setting in settings}) == len(settings) > 8
    assert [setting for setting in settings if not setting.meaning] == []


def test_variables_fill_the_settings():
    found = read_settings(
        {
            "PLANREC_SERVER__PORT": "81",
            "PLANREC_OUTPUTS": "/srv/out",
            "PLANREC_ACCESS__KEY_HASHES": f"{'a' * 64}, {'b' * 64}",
            "PLANREC_ACCESS__OPEN": "true",
            "PLANREC_LOG_LEVEL": "",
        }
    )
    assert (found.server.port, str(found.outputs), found.access.open) == (81, "/srv/out", True)
    assert found.access.key_hashes == ("a" * 64, "b" * 64)
    assert found.log_level == "info"


def test_all_wrong_settings_are_reported_with_suggestions():
    with pytest.raises(ConfigError) as caught:
        read_settings(
            {
                "PLANREC_SERVRE__PORT": "1",
                "PLANREC_SERVER__PORT": "x",
                "PLANREC_SERVER__WORKERS": "0",
                "PLANREC_LOG_LEVEL": "loud",
                "PLANREC_ACCESS__KEY_HASHES": "hunter2",
            }
        )
    problems = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "PLANREC_SERVRE__PORT is not a setting (did you mean PLANREC_SERVER__PORT?)" in problems
    assert "PLANREC_SERVER__PORT: must be a whole number" in problems
    assert "got 'loud'" in problems
    assert "hunter2" not in problems


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "planrec.example"])
def test_other_machines_need_keys_or_an_explicit_setting(host):
    variables = {"PLANREC_SERVER__HOST": host}
    with pytest.raises(ConfigError, match="PLANREC_ACCESS__OPEN=true"):
        read_settings(variables)
    assert read_settings(variables | {"PLANREC_ACCESS__OPEN": "true"}).server.host == host
    assert read_settings(variables | {"PLANREC_ACCESS__KEY_HASHES": "a" * 64}).server.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_key(host):
    assert read_settings({"PLANREC_SERVER__HOST": host}).server.host == host


def test_the_table_shows_the_origin_of_values_and_hides_secrets():
    variables = {"PLANREC_ACCESS__KEY_HASHES": "a" * 64, "PLANREC_SERVER__PORT": "81"}
    table = settings_table(read_settings(variables), variables)
    assert "| `PLANREC_SERVER__PORT` | 81 | environment | Port; 0 for any free port. |" in table
    assert "| `PLANREC_SERVER__HOST` | 127.0.0.1 | default |" in table
    assert "| `PLANREC_ACCESS__KEY_HASHES` | 1 hidden | environment |" in table
    assert "aaaa" not in table


def test_the_how_to_page_shows_every_setting_with_its_default():
    page = (REPOSITORY / "docs" / "how-to" / "serve-and-roll-back.md").read_text("utf-8")
    assert settings_table(Settings(), {}) in page, "paste the output of planrec settings"


def test_a_wrong_setting_is_refused_before_slow_imports():
    code = (
        "import sys; from planrec.cli import main; code = main(['serve']);"
        "print(code, sorted({'numpy', 'pandas', 'litestar', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PLANREC_SERVER__HOTS": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2 []\n"
    assert "did you mean PLANREC_SERVER__HOST?" in done.stderr


def test_options_take_precedence_over_the_environment(monkeypatch, capsys):
    monkeypatch.setattr(os, "environ", {"PLANREC_SERVER__HOST": "127.0.0.1"})
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "got '0.0.0.0'" in capsys.readouterr().err


def test_a_new_key_is_printed_with_its_hash(capsys):
    from api.middleware.api_keys import hash_of

    assert main(["serve", "--new-key"]) == 0
    key, hashed = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
    assert hashed == f"PLANREC_ACCESS__KEY_HASHES={hash_of(key.encode())}"
    assert main(["serve", "--new-key"]) == 0
    assert key not in capsys.readouterr().out
