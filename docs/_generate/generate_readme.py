"""The generated parts of README.md and README.es.md: figures from docs/results/, badges, and the diagram."""

import re
import tomllib
from pathlib import Path
from typing import Any

from generate_diagram import diagram

REPOSITORY = Path(__file__).parents[2]
READMES = {"en": "README.md", "es": "README.es.md"}
BEGIN, END = "<!-- figures: just docs --only readme -->", "<!-- end of figures -->"
VALUE = r"([\d.]+) \[([\d.]+), ([\d.]+)\]"
LINES = {
    "en": """\
* **Regret**: the advice of `model=forecast policy=guarded` leaves {regret} of the regret of re-rating the
  last six months (95 % interval {regret_low} to {regret_high}; lower is better;
  [simulator](docs/results/beating_rerating.md)).
* **Harm**: {harm} of all its decisions advise a move that turns out dearer (95 % interval {harm_low} to
  {harm_high}).
* **Classic task**, the plan held, [real data](docs/results/megaline_ru.md): `model=lgbm` has accuracy
  {accuracy} and macro F1 {f1} on subscribers that it has not seen. A row split of the same data would
  claim {row_accuracy} and {row_f1}.
* **Coverage**: {pit_low} to {pit_high} of the later bills are inside the forecast's 80 % range, depending on
  the plan. The tests must cover {lines} % of the code.""",
    "es": """\
* **Arrepentimiento**: los consejos de `model=forecast policy=guarded` dejan el {regret} del
  arrepentimiento de recalcular los últimos seis meses (intervalo del 95 %: del {regret_low} al
  {regret_high}; cuanto menos, mejor; [simulador](docs/results/beating_rerating.md)).
* **Daño**: el {harm} de sus decisiones aconseja un cambio que sale más caro (intervalo del 95 %: del
  {harm_low} al {harm_high}).
* **Tarea clásica**, el plan contratado, [datos reales](docs/results/megaline_ru.md): `model=lgbm`
  logra una exactitud de {accuracy} y un F1 macro de {f1} con abonados que no ha visto. Una partición
  por filas de los mismos datos prometería {row_accuracy} y {row_f1}.
* **Cobertura**: entre el {pit_low} y el {pit_high} de las facturas posteriores cae en el rango del 80 %
  de la previsión, según el plan. Las pruebas deben cubrir el {lines} % del código.""",
}


def write_readmes(repository: Path = REPOSITORY) -> None:
    """Write the figures into both READMEs, the badges and the diagrams."""
    for language, name in READMES.items():
        file = repository / name
        file.write_text(with_figures(file.read_text("utf-8"), language), "utf-8")
    for name, text in pictures().items():
        (repository / "docs" / name).write_text(text, "utf-8")


def pictures() -> dict[str, str]:
    """Return the badges and the diagrams by their file in docs/."""
    return {
        **{f"badges/{name}.svg": text for name, text in badges().items()},
        **{f"pictures/how-it-works.{language}.svg": diagram(language) for language in READMES},
    }


def with_figures(readme: str, language: str) -> str:
    """Return a README with the lines of today's results between the two marks."""
    values = figures()
    shown = {name: text.replace(".", ",") if language == "es" else text for name, text in values.items()}
    lines = LINES[language].format(**shown)
    before, _, rest = readme.partition(BEGIN)
    return f"{before}{BEGIN}\n{lines}\n{END}{rest.partition(END)[2]}"


def figures() -> dict[str, str]:
    """Read the figures from the pages of docs/results/.

    Raises:
        AttributeError: a page no longer has the figure.
    """
    page = (REPOSITORY / "docs" / "results" / "beating_rerating.md").read_text("utf-8")
    simulator = page.partition("## `data=simulator`")[2].partition("\n## ")[0]
    regret = re.search(rf"`forecast` \| regret, `policy=guarded`.*?\| {VALUE}", simulator)
    harm = re.search(rf"`forecast` \| harm rate, `policy=guarded`.*?\| {VALUE}", simulator)
    pit = sorted(re.findall(rf"`forecast` \| PIT within .*?\| {VALUE}", simulator))
    classic = (REPOSITORY / "docs" / "results" / "megaline_ru.md").read_text("utf-8")
    grouped, by_row = re.findall(
        rf"\| accuracy \| {VALUE}.*?\| macro_f1 \| {VALUE}", classic, flags=re.DOTALL
    )
    of_regret, of_harm = (found.groups() for found in (regret, harm))
    return {
        **dict(zip(("regret", "regret_low", "regret_high"), map(percent, of_regret), strict=True)),
        **dict(zip(("harm", "harm_low", "harm_high"), map(tenths, of_harm), strict=True)),
        "accuracy": grouped[0],
        "f1": grouped[3],
        "row_accuracy": by_row[0],
        "row_f1": by_row[3],
        "pit_low": percent(pit[0][0]),
        "pit_high": percent(pit[-1][0]),
        "lines": str(project()["tool"]["coverage"]["report"]["fail_under"]),
    }


def percent(share: str) -> str:
    """Return a share as whole percent."""
    return f"{100 * float(share):.0f} %"


def tenths(share: str) -> str:
    """Return a share as percent with one decimal."""
    return f"{100 * float(share):.1f} %"


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def badges() -> dict[str, str]:
    """Return the badges by name; every text is read from the file that makes it true."""
    settings = project()
    return {
        "version": badge("version", settings["project"]["version"]),
        "python": badge("python", settings["project"]["requires-python"].replace(">=", "≥ ")),
        "licence": badge("licence", settings["project"]["license"]),
        "coverage": badge("coverage", f"≥ {settings['tool']['coverage']['report']['fail_under']} %"),
        "types": badge("types", "mypy strict" if settings["tool"]["mypy"]["strict"] else "mypy"),
        "style": badge("style", "ruff" if settings["tool"]["ruff"]["lint"]["select"] else "none"),
    }


CHARACTER = 6.7
"Pixels of a character, about."


def badge(name: str, value: str) -> str:
    """Return a small picture with a name and its value."""
    left, right = (round(CHARACTER * len(text) + 14) for text in (name, value))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{name}: {value}"><title>{name}: {value}</title>'
        f'<rect width="{left + right}" height="20" rx="3" fill="#444"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" fill="#0a6c74"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{name}</text>'
        f'<text x="{left + right / 2}" y="14">{value}</text></g></svg>\n'
    )
