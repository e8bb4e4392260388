"""Forecasts of one panel by peers and by us, judged by one ruler.

    pip install prophet==1.5.0 statsmodels==0.15.0 statsforecast==2.1.1 lightgbm==4.7.0
    python bench/forecast_peers.py forecast SERIES.json [ORIGINS] > peers.jsonl
    tracehound forecast backtest SERIES.json --method auto --method theta --json > ours.jsonl
    python bench/forecast_peers.py table SERIES.json [ORIGINS] peers.jsonl ours.jsonl

SERIES.json as `forecast backtest` takes it; the last ORIGINS (1) of each series are judged, only those that every method
made. Histories are cut to 28 days of hours or 730 days for AutoARIMA and SARIMAX and to 8 weeks of hours for AutoETS, as
otherwise they take minutes. LightGBM has one model a level on lags and the step ahead, of this series alone. CPU seconds are
those of the process.
"""
import json
import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
for name in ("cmdstanpy", "prophet"):
    logging.getLogger(name).setLevel(logging.ERROR)
LEVELS = (80, 95)


def normal(mean, deviation):
    sides = {}
    for level, z in zip(LEVELS, (1.2815515655446004, 1.959963984540054)):
        sides[level] = (mean - z * deviation, mean + z * deviation)
    return mean, sides


def seasonal_naive(y, s):
    m, h = s["m"], s["h"]
    mean = np.array([y[len(y) - m + k % m] for k in range(h)])
    errors = y[m:] - y[:-m]
    grow = np.sqrt(np.arange(h) // m + 1)
    return normal(mean, np.nanstd(errors) * grow)


def statsforecast(make, keep=None):
    def run(y, s):
        model = make(s)
        y = y[-keep(s):] if keep else y
        fitted = model.forecast(y=y.astype(np.float64), h=s["h"], level=list(LEVELS))
        return fitted["mean"], {level: (fitted[f"lo-{level}"], fitted[f"hi-{level}"]) for level in LEVELS}

    return run


def prophet(y, s):
    from prophet import Prophet

    step = {"H": "h", "D": "D"}[s["freq"]]
    times = pd.date_range(s["start"], periods=len(y) + s["h"], freq=step)
    frame = pd.DataFrame({"ds": times[: len(y)], "y": y})
    sides, mean = {}, None
    model = Prophet(interval_width=0.95).fit(frame)
    future = pd.DataFrame({"ds": times[len(y):]})
    drawn = model.predictive_samples(future)["yhat"]
    mean = model.predict(future)["yhat"].to_numpy()
    for level in LEVELS:
        tail = (1 - level / 100) / 2
        sides[level] = (np.quantile(drawn, tail, axis=1), np.quantile(drawn, 1 - tail, axis=1))
    return mean, sides


def sarimax(y, s):
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    y = y[-(672 if s["m"] == 24 else 730):]
    model = SARIMAX(y, order=(1, 0, 1), seasonal_order=(0, 1, 1, s["m"]))
    ahead = model.fit(disp=False, maxiter=50).get_forecast(s["h"])
    return normal(ahead.predicted_mean, ahead.se_mean)


def lightgbm(y, s):
    import lightgbm

    m, h = s["m"], s["h"]
    long = max(x for x in s["seasons"] if 2 * x <= len(y))
    lags = [1, 2, 3, m, 2 * m, long]

    def row(t, k):
        known = [y[t - lag] for lag in (1, 2, 3)]
        back = [y[t + k - x * (k // x + 1)] for x in (m, 2 * m, long)]
        return [*known, *back, np.mean(y[t - m:t]), k, (t + k) % m, (t + k) % long]

    first = max(lags) + 1
    apart = 5 if m == 24 else 1
    rows = [(t, k) for t in range(first, len(y), apart) for k in range(min(h, len(y) - t))]
    features = np.array([row(t, k) for t, k in rows])
    targets = np.array([y[t + k] for t, k in rows])
    ahead = np.array([row(len(y), k) for k in range(h)])
    found = {}
    for level in (0.025, 0.1, 0.5, 0.9, 0.975):
        model = lightgbm.LGBMRegressor(objective="quantile", alpha=level, n_estimators=200, learning_rate=0.05,
                                       num_leaves=15, n_jobs=1, verbose=-1)
        found[level] = model.fit(features, targets).predict(ahead)
    return found[0.5], {80: (found[0.1], found[0.9]), 95: (found[0.025], found[0.975])}


def judge(actual, scale, mean, sides):
    loss = lambda values, p: np.nanmean(np.maximum(p * (actual - values), (p - 1) * (actual - values))) / scale
    row = {"mase": np.nanmean(np.abs(actual - mean)) / scale}
    losses = [loss(mean, 0.5)]
    known = ~np.isnan(actual)
    for level, (low, high) in sides.items():
        tail = (1 - level / 100) / 2
        losses += [loss(low, tail), loss(high, 1 - tail)]
        row[f"cov{level}"] = 100 * ((low <= actual) & (actual <= high))[known].mean()
        missed = np.where(actual < low, low - actual, np.where(actual > high, actual - high, 0))
        row[f"msis{level}"] = np.mean((high - low + missed / tail)[known]) / scale
    row["pinball"] = np.mean(losses)
    return row


def origins(s, last):
    whole = np.array([np.nan if v is None else v for v in s["y"]], float)
    return whole, s["origins"][-last:]


def forecast(panel, last):
    """One line a series, origin and peer, in the format of `forecast backtest --json`."""
    from statsforecast.models import MSTL, AutoARIMA, AutoETS, DynamicOptimizedTheta

    month = lambda s: 672 if s["m"] == 24 else 730
    peers = {
        "seasonal naive": seasonal_naive,
        "AutoARIMA (statsforecast)": statsforecast(lambda s: AutoARIMA(season_length=s["m"], approximation=True), month),
        "AutoETS (statsforecast)": statsforecast(lambda s: AutoETS(season_length=s["m"]), lambda s: 1344),
        "MSTL (statsforecast)": statsforecast(lambda s: MSTL(season_length=s["seasons"], trend_forecaster=AutoETS(model="ZZN"))),
        "DynOptTheta (statsforecast)": statsforecast(lambda s: DynamicOptimizedTheta(season_length=s["m"])),
        "SARIMAX(1,0,1)(0,1,1) (statsmodels)": sarimax,
        "LightGBM lags, quantiles": lightgbm,
        "Prophet defaults": prophet,
    }
    for s in panel:
        whole, froms = origins(s, last)
        for origin in froms:
            filled = pd.Series(whole[:origin]).interpolate(limit_direction="both").to_numpy()
            made = {}
            for name, run in peers.items():
                begin = time.process_time()
                try:
                    made[name] = run(filled, s)
                except Exception as error:  # a peer that fails is told, not dropped
                    print(f"{name} failed on {s['id']} at {origin}: {error}", file=sys.stderr)
                    continue
                write(s, origin, name, made[name], time.process_time() - begin)
            five = [made[name] for name in FIVE if name in made]
            middle = lambda of: np.median([of(one) for one in five], axis=0)
            sides = {level: tuple(middle(lambda one: one[1][level][side]) for side in (0, 1)) for level in LEVELS}
            write(s, origin, "median of five peers", (middle(lambda one: one[0]), sides), 0.0)


FIVE = ("MSTL (statsforecast)", "AutoARIMA (statsforecast)", "AutoETS (statsforecast)", "LightGBM lags, quantiles",
        "SARIMAX(1,0,1)(0,1,1) (statsmodels)")


def write(s, origin, method, made, cpu_s):
    mean, sides = made
    line = dict(id=s["id"], origin=origin, method=method, mean=list(map(float, mean)), cpu_s=cpu_s)
    for level, (low, high) in sides.items():
        line |= {f"lo{level}": list(map(float, low)), f"hi{level}": list(map(float, high))}
    print(json.dumps(line), flush=True)


def table(panel, last, files):
    by_id = {s["id"]: s for s in panel}
    rows = {}
    for line in (json.loads(line) for file in files for line in open(file)):
        s = by_id.get(line["id"])
        if s is None or line.get("mean") is None or line["origin"] not in s["origins"][-last:]:
            continue
        whole, origin, m = origins(s, last)[0], line["origin"], s["m"]
        scale = np.nanmean(np.abs(whole[m:origin] - whole[: origin - m]))
        sides = {level: (np.array(line[f"lo{level}"]), np.array(line[f"hi{level}"])) for level in LEVELS}
        row = judge(whole[origin:origin + s["h"]], scale, np.array(line["mean"]), sides)
        rows.setdefault(line["method"], {})[line["id"], origin] = dict(row, cpu=line["cpu_s"])
    shared = set.intersection(*(set(own) for own in rows.values()))
    if "median of five peers" in rows:
        for key in shared:
            rows["median of five peers"][key]["cpu"] = sum(rows[name][key]["cpu"] for name in FIVE)
    print(f"{len(shared)} forecasts that every method made")
    print(f"{'method':38} {'MASE':>7} {'median':>7} {'cov80':>6} {'cov95':>6} {'MSIS95':>8} {'pinball':>8} {'CPU s':>7}")
    whole = lambda own, key: [own[which][key] for which in sorted(shared)]
    for name, own in sorted(rows.items(), key=lambda item: np.mean(whole(item[1], "mase"))):
        of = lambda key: np.mean(whole(own, key))
        print(f"{name:38} {of('mase'):7.3f} {np.median(whole(own, 'mase')):7.3f} {of('cov80'):6.1f} "
              f"{of('cov95'):6.1f} {of('msis95'):8.2f} {of('pinball'):8.3f} {of('cpu'):7.3f}")


def main():
    what, path, *rest = sys.argv[1:]
    panel = json.load(open(path))
    last = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
    forecast(panel, last) if what == "forecast" else table(panel, last, rest)


main()
