"""Models, evaluations and forecasts as a notebook shows them. Everything of the data is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = (
    "<style>.tracehound{font:13px/1.5 system-ui,sans-serif;max-width:72em}"
    ".tracehound table{font:inherit;border-collapse:collapse;margin:.3em 0 1em}"
    ".tracehound th,.tracehound td{padding:.15em .9em .15em 0;text-align:left!important;vertical-align:top}"
    ".tracehound th{font-weight:600;border-bottom:1px solid #8884}"
    ".tracehound td.n,.tracehound th.n{text-align:right!important;font-variant-numeric:tabular-nums}"
    ".tracehound .faint{opacity:.65}.tracehound summary{cursor:pointer;font-weight:600}"
    ".tracehound h4{margin:.2em 0}.tracehound .bar{display:inline-block;height:.7em;background:#4878b0}"
    "</style>"
)


class _Raw(str):
    """Markup that is escaped already."""


def _page(parts: Iterable[str]) -> str:
    return f'{_STYLE}<div class="tracehound">{"".join(parts)}</div>'


def _cell(value: Any) -> tuple[str, bool]:
    """The text of a cell, and whether it is a number."""
    if value is None:
        return "", True
    if isinstance(value, float):
        return (f"{value:.4f}" if abs(value) < 1e5 else f"{value:.6g}"), True
    if isinstance(value, int):
        return f"{value:,}", True
    return (str(value) if isinstance(value, _Raw) else escape(str(value))), False


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    body, numeric = [], [True] * len(head)
    for row in rows:
        cells = [_cell(value) for value in row]
        numeric = [was and is_number for was, (_, is_number) in zip(numeric, cells)]
        tds = (f'<td class="n">{t}</td>' if n else f"<td>{t}</td>" for t, n in cells)
        body.append(f"<tr>{''.join(tds)}</tr>")
    ths = (f'<th class="n">{escape(h)}</th>' if n else f"<th>{escape(h)}</th>" for h, n in zip(head, numeric))
    return f"<table><tr>{''.join(ths)}</tr>{''.join(body)}</table>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def model(estimator: Any, answer: dict[str, Any] | None) -> str:
    """A model: how good, made of what, out of which columns."""
    if answer is None:
        return _page([f"<code>{escape(repr(estimator))}</code> <span class='faint'>not fitted</span>"])
    parts = [
        f"<h4>{escape(type(estimator).__name__)} of {escape(answer['target'])}</h4>",
        f"<div class='faint'>{escape(answer['task'])} · {answer['n_rows']:,} rows · {escape(answer['held_out'])}</div>",
    ]
    parts += [f"<div>⚠ {escape(warning)}</div>" for warning in answer["warnings"]]
    parts.append(_table(["on held-out rows", ""], [[_words(n), v] for n, v in answer["figures"]]))
    board = (
        [row["name"], row["failed"] or row["about"], row["loss"], row["auc"], row["weight"] or None]
        for row in answer["leaderboard"]
    )
    table = _table(["learner", "settings", "loss", "auc", "weight"], board)
    parts.append(f"<details open><summary>Leaderboard</summary>{table}</details>")
    largest = max((row["contribution"] for row in answer["importance"]), default=0.0) or 1.0
    counts = (
        [row["column"], row["contribution"], _bar(row["contribution"] / largest)]
        for row in answer["importance"]
    )
    table = _table(["column", "mean contribution", ""], counts)
    parts.append(f"<details open><summary>What counts</summary>{table}</details>")
    roles = ([r["column"], r["kind"], r["reason"]] for r in answer["roles"])
    table = _table(["column", "taken for", "because"], roles)
    parts.append(f"<details><summary>Columns</summary>{table}</details>")
    return _page(parts)


def _bar(share: float) -> _Raw:
    return _Raw(f'<span class="bar" style="width:{max(0.0, 10 * share):.2f}em"></span>')


def evaluation(found: Any) -> str:
    """Models side by side."""
    measures = found.measures
    rows = ([name, *(row.get(m) for m in measures)] for name, row in found.figures.items())
    parts = [
        f"<h4>{escape(found.target)}</h4><div class='faint'>{escape(found.held_out)}</div>",
        _table(["model", *map(_words, measures)], rows),
    ]
    return _page(parts)


def forecast(answer: dict[str, Any]) -> str:
    """A forecast: a plot of the last values and what is expected, and the numbers."""
    method, series = escape(answer["method"]), escape(answer["series"])
    parts = [
        f"<h4>{series}: the next {answer['horizon']} steps by {method}</h4>",
        f"<div class='faint'>{answer['n']:,} values, a step of {escape(answer['step'])}</div>",
        *(
            f"<div>⚠ instead of {escape(asked['method'])}: {escape(asked['reason'])}</div>"
            for asked in [answer.get("instead_of")]
            if asked
        ),
        *(f"<div>⚠ {escape(repair)}</div>" for repair in answer["repairs"]),
        forecast_svg(answer),
    ]
    head = ["time" if answer["times"] else "step", "mean"]
    for bounds in answer["bounds"]:
        head += [f"lower {bounds['level']:g} %", f"upper {bounds['level']:g} %"]
    paths = answer.get("quantiles", [])
    head += [f"quantile {path['quantile']:g}" for path in paths]
    rows = []
    for at, mean in enumerate(answer["mean"]):
        row: list[Any] = [answer["times"][at] if answer["times"] else at + 1, mean]
        for bounds in answer["bounds"]:
            row += [bounds["lower"][at], bounds["upper"][at]]
        rows.append([*row, *(path["values"][at] for path in paths)])
    parts.append(f"<details><summary>Numbers</summary>{_table(head, rows)}</details>")
    return _page(parts)


_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 260, 64, 22


def forecast_svg(answer: dict[str, Any]) -> str:
    """The last values, what is expected, and the bounds."""
    tail, mean, bounds = answer["tail"], answer["mean"], answer["bounds"]
    known = [v for v in [*tail, *mean] if v is not None]
    known += [v for b in bounds for v in (*b["lower"], *b["upper"]) if v is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    spread = (high - low) or max(abs(high), 1.0)
    n = len(tail) + len(mean)

    def point(at: int, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 8) * at / max(n - 1, 1)
        y = 8 + (_HEIGHT - _BOTTOM - 8) * (1 - (value - low) / spread)
        return f"{x:.1f},{y:.1f}"

    def line(values: Sequence[float | None], start: int, style: str) -> str:
        runs: list[list[str]] = [[]]
        for at, value in enumerate(values, start):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(point(at, value))
        drawn = (f'<polyline points="{" ".join(run)}" {style}/>' for run in runs if run)
        return "".join(drawn)

    areas = []
    for place, b in enumerate(sorted(bounds, key=lambda b: -b["level"])):
        around = [point(len(tail) + at, v) for at, v in enumerate(b["upper"])]
        around += [point(len(tail) + at, v) for at, v in reversed(list(enumerate(b["lower"])))]
        areas.append(f'<polygon points="{" ".join(around)}" fill="#4878b0" opacity="{0.16 + 0.14 * place:.2f}"/>')
    ticks = []
    for value in _round_values(low, low + spread):
        y = point(0, value).split(",")[1]
        ticks.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y}" y2="{y}" stroke="#8884"/>'
            f'<text x="{_LEFT - 6}" y="{y}" dy=".35em" text-anchor="end">{value:,.10g}</text>'
        )
    ends = []
    if answer["times"]:
        first, last = (escape(answer["times"][at][:16].replace("T", " ")) for at in (0, -1))
        x = point(len(tail), low).split(",")[0]
        ends = [
            f'<line x1="{x}" x2="{x}" y1="8" y2="{_HEIGHT - _BOTTOM}" stroke="#8888" stroke-dasharray="3 3"/>',
            f'<text x="{x}" y="{_HEIGHT - 4}" text-anchor="end">{first}</text>',
            f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 4}" text-anchor="end">{last}</text>',
        ]
    plain = 'fill="none" stroke="currentColor" stroke-width="1.2"'
    ahead = 'fill="none" stroke="#4878b0" stroke-width="2"'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" style="max-width:{_WIDTH}px;font:11px system-ui" '
        f'fill="currentColor" role="img" aria-label="forecast">{"".join(ticks)}{"".join(areas)}'
        f"{line(tail, 0, plain)}{line([*tail[-1:], *mean], len(tail[:-1]), ahead)}{''.join(ends)}</svg>"
    )


def _round_values(low: float, high: float) -> list[float]:
    """About five values between two that are short to write."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]
