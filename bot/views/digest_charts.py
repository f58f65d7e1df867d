"""A digest's figures as a chart and as a table, which say the same as its words and give nothing more away."""

import math

from bot.domain.release import CELLS, LESS, MORE, NEITHER
from bot.domain.wording import few, plural
from bot.views.digest_figures import HorizonFigures
from bot.views.kit import Json

CALLED = {MORE: "More likely", LESS: "Less likely", NEITHER: "Neither"}


def about(expected: float) -> str:
    """An expected count as it is said: "about 7"."""
    return "fewer than 1" if expected < 1 else f"about {rounded(expected)}"


def rounded(expected: float) -> float:
    """One way of rounding for words and bars: halves up. Below 1 the words say no more than that, so each such bar is
    half high, to be seen at all.
    """
    return math.floor(expected + 0.5) if expected >= 1 else 0.5


def chart(horizon: HorizonFigures) -> list[Json]:
    """Won beside expected; left out where a bar would give away a figure that the words hold back."""
    cells = horizon.shown()
    if any(few(cells[name].won, cells[name].leads) != str(cells[name].won) for name in CELLS):
        return []
    labels = [CALLED[name] for name in CELLS]
    won = [{"label": CALLED[name], "value": cells[name].won} for name in CELLS]
    expected = [{"label": CALLED[name], "value": rounded(cells[name].expected)} for name in CELLS]
    return [
        {
            "type": "data_visualization",
            "title": "Won, beside what the tool expected",
            "chart": {
                "type": "bar",
                "series": [{"name": "Won", "data": won}, {"name": "Expected", "data": expected}],
                "axis_config": {"categories": labels, "x_label": "What the rep said", "y_label": "Leads"},
            },
        }
    ]


def table(horizon: HorizonFigures) -> Json:
    """The same as a table."""
    rows = [[_cell(title) for title in ("Reps said", "Leads", "Won", "Expected")]]
    for name in CELLS:
        cell = horizon.shown()[name]
        rows.append(
            [
                _cell(CALLED[name].lower()),
                _number(cell.leads),
                _number(cell.won) if few(cell.won, cell.leads) == str(cell.won) else _cell(few(cell.won, cell.leads)),
                _cell(about(cell.expected)),
            ]
        )
    return {
        "type": "data_table",
        "caption": f"Leads past {plural(horizon.days, 'day')}",
        "page_size": 10,
        "row_header_column_index": 0,
        "rows": rows,
    }


def _cell(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def _number(value: int) -> Json:
    return {"type": "raw_number", "value": value, "text": str(value)}
