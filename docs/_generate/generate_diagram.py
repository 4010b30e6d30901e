"""The diagram of README.md and README.es.md, light and dark by the reader's browser."""

from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 152, 62
"Of a box."
LEFT, TOP = (8, 216, 424, 632), (8, 128)
"Of the columns and of the rows."
TEXTS = {
    "en": {
        "title": "Months and plans are trained into a run; the pinned run answers; bills that come judge it.",
        "boxes": (
            (("Your files", "months, plans"), ("Train", "checks, folds"), ("Run", "model, metrics")),
            (
                ("Retrain, roll back", "only if it is better"),
                ("Watch", "drift, harm"),
                ("Bills that came", "outcomes"),
            ),
        ),
        "answers": ("Answers", "page, API, files"),
        "log": ("Decision log", "replay any answer"),
        "pin": "pin",
    },
    "es": {
        "title": "Meses y planes dan una ejecución; la que se fija responde; las facturas la juzgan.",
        "boxes": (
            (
                ("Sus ficheros", "meses, planes"),
                ("Entrenar", "controles, particiones"),
                ("Ejecución", "modelo, métricas"),
            ),
            (
                ("Reentrenar, volver", "solo si mejora"),
                ("Vigilar", "deriva, daño"),
                ("Facturas nuevas", "resultados"),
            ),
        ),
        "answers": ("Respuestas", "página, API, ficheros"),
        "log": ("Registro", "repetir una respuesta"),
        "pin": "fijar",
    },
}
STYLE = """
  .box { fill: #f2f7f7; stroke: #0a6c74; } .line { stroke: #55666a; fill: none; stroke-width: 1.5; }
  .tip { fill: #55666a; } .name { font-weight: 600; fill: #10282b; } .note { fill: #44575b; font-size: 12px; }
  text { font: 14px system-ui, sans-serif; text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    .box { fill: #12292c; stroke: #4fb7bf; } .line { stroke: #9fb4b7; } .tip { fill: #9fb4b7; }
    .name { fill: #e8f3f4; } .note { fill: #b3c5c8; }
  }
"""


def diagram(language: str) -> str:
    """Return the picture as SVG."""
    texts = TEXTS[language]
    upper, lower = texts["boxes"]
    rows = ((*upper, texts["answers"]), (*lower, texts["log"]))
    parts = [
        _box(LEFT[column], TOP[row], *text)
        for row, of_row in enumerate(rows)
        for column, text in enumerate(of_row)
    ]
    middle = [top + HEIGHT / 2 for top in TOP]
    for left, right in pairwise(LEFT):
        parts.append(_arrow((left + WIDTH, middle[0]), (right, middle[0])))
        parts.append(_arrow((right, middle[1]), (left + WIDTH, middle[1])))
    parts.append(_arrow((LEFT[3] + WIDTH / 2, TOP[0] + HEIGHT), (LEFT[3] + WIDTH / 2, TOP[1])))
    parts.append(_arrow((LEFT[0] + WIDTH, TOP[1] + 8), (LEFT[1] + 20, TOP[0] + HEIGHT)))
    parts.append(
        f'<text class="note" x="{(LEFT[2] + WIDTH + LEFT[3]) / 2}" y="{middle[0] - 8}">{texts["pin"]}</text>'
    )
    title = escape(texts["title"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 792 198" role="img" aria-label="{title}">'
        f"<title>{title}</title><style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _box(left: float, top: float, name: str, note: str) -> str:
    center = left + WIDTH / 2
    return (
        f'<rect class="box" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        f'<text class="name" x="{center}" y="{top + 27}">{escape(name)}</text>'
        f'<text class="note" x="{center}" y="{top + 46}">{escape(note)}</text>'
    )


def _arrow(start: Sequence[float], end: Sequence[float]) -> str:
    """Draw a line whose tip is at its end."""
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    foot = (end[0] - 9 * along[0], end[1] - 9 * along[1])
    sides = [(foot[0] - side * along[1], foot[1] + side * along[0]) for side in (5, -5)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (end, *sides))
    return (
        f'<path class="line" d="M{start[0]:.1f} {start[1]:.1f}L{foot[0]:.1f} {foot[1]:.1f}"/>'
        f'<polygon class="tip" points="{points}"/>'
    )
