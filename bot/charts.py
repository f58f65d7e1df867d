"""A chart as a picture, for a workspace whose messages don't take native ones: the same numbers, and nothing more."""

import io

from bot.views.kit import Json

# Told apart by lightness and by pattern as well as by colour.
BARS = (("#1f4e79", ""), ("#c9d6e3", "//"), ("#7a5c99", ".."))
LINES = (("#1f4e79", "o-"), ("#6b6b6b", "s--"), ("#7a5c99", "^:"))
SIZE, DOTS = (8, 4.5), 150


def png(block: Json) -> bytes:
    """A `data_visualization` block of bars or lines as a PNG. Raises ValueError for another kind.

    matplotlib takes half a second and 30 MB to load, so it is loaded by the first picture, which most workspaces never
    need; and without pyplot, whose state threads would share.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chart = block["chart"]
    if chart["type"] not in ("bar", "line"):
        raise ValueError(f"no picture for a chart of type {chart['type']}")
    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axis, series = chart["axis_config"], chart["series"]
    places, width = range(len(axis["categories"])), 0.8 / len(series)
    for number, one in enumerate(series[: len(BARS)]):
        values = [point["value"] for point in one["data"]]
        if chart["type"] == "line":
            colour, drawn = LINES[number]
            axes.plot(places, values, drawn, color=colour, label=_plain(one["name"]))
            continue
        colour, pattern = BARS[number]
        left = [place + (number - (len(series) - 1) / 2) * width for place in places]
        bars = axes.bar(
            left, values, width, color=colour, hatch=pattern, edgecolor="#333333", label=_plain(one["name"])
        )
        axes.bar_label(bars, fmt="%g", padding=2)
    axes.set_xticks(list(places), [_plain(name) for name in axis["categories"]])
    axes.set_xlabel(_plain(axis.get("x_label", "")))
    axes.set_ylabel(_plain(axis.get("y_label", "")))
    axes.set_title(_plain(block["title"]), loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def in_words(block: Json) -> str:
    """The same for who can't see it: series by series."""
    said = [
        f"{one['name']}: " + ", ".join(f"{point['label']} {point['value']:g}" for point in one["data"])
        for one in block["chart"]["series"]
    ]
    return f"{block['title']}. {'; '.join(said)}."


def _plain(text: str) -> str:
    """Without a dollar sign's meaning: matplotlib would set what stands between two of them as mathematics."""
    return text.replace("$", r"\$")
