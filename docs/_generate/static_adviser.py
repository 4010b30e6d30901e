"""`just site`: the page of the adviser without a server, with the stored answers of a small run beside it.

The modules of api/pages/static are used as they are. Browsers load no modules from a folder, so they are
joined into one script, in which a stored `fetch` answers instead of a server.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.app import create_app
from api.pages.asset_files import assets
from api.pages.view_page import view_page
from planrec.config.compose import compose
from planrec.runs.read import load_run
from planrec.runs.write import begin_run, save_run
from planrec.sentences import Language
from planrec.training.experiment import run

HERE = Path(__file__).parent
RUN = ("model=forecast", "policy=guarded", "data.n_subscribers=1000", "n_bootstrap=50", "baselines=[]")
LANGUAGES: tuple[Language, ...] = ("en", "es")
DATA_GIB = (2, 5, 8, 12, 17, 22, 28, 36, 48)
MINUTES = (100, 440, 1000)
VARIES = (10, 35)
"Percent by which months differ; with DATA_GIB and MINUTES, the usage with a stored answer."
SMS = 35
SWING = (1, -1, 0.4, -0.4, 0.8, -0.8)
"As in api/pages/static/months.js."
ENTRY = ("shell.js", "adviser.js")
"The frame, and the view that it mounts."
OWN_TEXTS = {
    "en": {
        "notice": "This page has no server. It shows stored answers of a small run, for the usage nearest to"
        " yours. To get an answer for every usage, type: just demo",
        "documentation": "Documentation",
    },
    "es": {
        "notice": "Esta página no tiene servidor. Muestra respuestas guardadas de una ejecución pequeña, para"
        " el consumo más parecido al suyo. Para obtener respuesta con cualquier consumo, escriba: just demo",
        "documentation": "Documentación (en inglés)",
    },
}
NOTICE = '<p class="notice" data-text="stored.notice"></p>'
SCRIPTS = """<script src="stored.js"></script>
    <script defer src="facts.js"></script>
    <script defer src="adviser_page.js"></script>"""
LINK = '<nav><a href="../docs/index.html" data-text="stored.documentation"></a></nav>'
IMPORT = re.compile(r'^import \{([^}]+)\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def write_adviser(folder: Path) -> None:
    """Train a small run and write the page, its script, its styles and the stored answers."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        trained = Path(temporary, "2018-12-01", "12-00-00-site00")
        config, command = compose(*RUN), " ".join(["planrec train", *RUN])
        begin_run(trained, config, command)
        save_run(run(config), trained, command)
        with TestClient(create_app(load_run(trained))) as client:
            for name, value in stored(client):
                text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
                (folder / f"{name}.js").write_text(f"STORED[{json.dumps(name)}]={text};\n", "utf-8")
    (folder / "adviser_page.js").write_text(bundle(), "utf-8")
    (folder / "index.html").write_text(page(), "utf-8")
    for name in ("tokens.css", "app.css", "adviser.css", "logo.svg"):
        (folder / name).write_bytes(assets().files[name].body)
    (folder / "stored.js").write_text("const STORED = {};\n", "utf-8")


def stored(client: TestClient[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the facts of the run, then the answers of each language and plan held, in the grid's order."""
    facts = {
        path: client.get(path).raise_for_status().json() for path in ("/run", "/catalogue", "/run/schema")
    }
    texts = {f"texts/{language}.json": _texts(language) for language in LANGUAGES}
    grid = {
        "data": DATA_GIB,
        "minutes": MINUTES,
        "vary": VARIES,
        "mib": float(facts["/catalogue"]["data_unit"]["mib"]),
    }
    yield "facts", {**facts, **texts, "grid": grid}
    last = max(month["month"] for month in facts["/run/schema"]["examples"][0]["months"])
    plans = [plan["id"] for plan in facts["/catalogue"]["plans"]]
    for language, plan in product(LANGUAGES, [*plans, None]):
        headers = {"accept-language": language}
        yield (
            f"{language}-{plan or 'unknown'}",
            [
                client.post("/predict/preview", json=request(plan, last, *usage), headers=headers)
                .raise_for_status()
                .json()
                for usage in product(DATA_GIB, MINUTES, VARIES)
            ],
        )


def _texts(language: Language) -> dict[str, Any]:
    """Return the texts of the page, with those that only this one has."""
    found = json.loads(assets().files[f"texts/{language}.json"].body)
    return {**found, "stored": OWN_TEXTS[language]}


def request(plan: str | None, last: str, data: float, minutes: float, vary: float) -> dict[str, Any]:
    """Return the request that the page makes of its sliders."""
    year, number = (int(part) for part in last.split("-"))
    months = []
    for back, swing in zip(range(len(SWING) - 1, -1, -1), SWING, strict=True):
        scale = 1 + swing * vary / 100
        years, zero_based = divmod(12 * year + number - 1 - back, 12)
        calls, spoken = round(minutes * scale / 4), round(minutes * scale, 2)
        months.append(
            {
                "month": f"{years}-{zero_based + 1:02d}",
                "voice_calls": calls,
                "voice_minutes": spoken,
                "voice_minutes_billed": int(spoken + calls / 2),
                "sms": round(SMS * scale),
                "data_mib": round(1024 * data * scale, 2),
            }
        )
    return {"plan_held": plan, "months": months}


def bundle() -> str:
    """Return the modules as one classic script, each after those that it imports."""
    parts = [(HERE / "stored_fetch.js").read_text("utf-8")]
    done: dict[str, None] = {}
    for name in reversed(ENTRY):
        _add(name, parts, done)
    return "(() => {\n" + "\n".join(parts) + "\n})();\n"


def _add(name: str, parts: list[str], done: dict[str, None]) -> None:
    """Append a module and those that it imports, once."""
    if name in done:
        return
    source = assets().files[name].body.decode()
    for imported in IMPORT.findall(source):
        _add(imported[1], parts, done)
    done[name] = None
    exported = EXPORT.findall(source)
    source = IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(found[2])};\n", source)
    source = EXPORT.sub("", source).replace("import.meta.url", '"http://stored/"')
    source = re.sub(r"await import\(`\./\$\{view\}\.js`\)", _variable(ENTRY[1]), source)
    parts.append(f"const {_variable(name)} = (() => {{\n{source}\nreturn {{{', '.join(exported)}}};\n}})();")


def _variable(name: str) -> str:
    return f"module_{name.removesuffix('.js')}"


def page() -> str:
    """Return the page of the view with relative links, and a notice in place of the other views."""
    text = view_page("adviser", "en", "").decode().replace(f"{assets().prefix}/", "")
    for pattern, replacement in (
        (r' *<link rel="modulepreload".*\n', ""),
        (r'<script type="module".*</script>', SCRIPTS),
        (r'<nav data-label="shell.views".*?</nav>', LINK),
        (r" *<footer.*</footer>\n", ""),
        ("</header>", f"</header>\n    {NOTICE}"),
    ):
        text, n_found = re.subn(pattern, replacement, text)
        assert n_found == 1, pattern
    return text


if __name__ == "__main__":
    write_adviser(Path(sys.argv[1]))
