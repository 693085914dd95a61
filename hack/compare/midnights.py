"""What the comparisons with other forecasters share: days, meters and scores as those of `energytwin backtest`.

Each day of the last 60 of each meter is forecast at local midnight from the hours before it. An hour without a reading, or
without one a week before, does not count; meters with over 10 % gaps, or for which last week is always right, are left
out. --every N takes every N-th meter by name, and prints the names in the form that --meters takes, here and there.
"""

import argparse
import logging
import math
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

TEST_DAYS = 60
MAX_GAPS = 0.1
WEEK = pd.Timedelta(hours=168)
HOUR = pd.Timedelta(hours=1)
QUANTILES = (0.1, 0.5, 0.9)

# The load of so many hours from an origin on, from what was measured before it: p50, or p10, p50 and p90 as three rows. NaN
# where there is no forecast.
Forecast = Callable[[pd.Series, pd.Timestamp, int], np.ndarray]


def read(path: str) -> dict[str, pd.Series]:
    """Reads long CSV; a meter's series has every hour, NaN where there is no reading."""
    rows = pd.read_csv(path)
    rows["timestamp"] = pd.to_datetime(rows["timestamp"], utc=True)
    return {
        str(name): part.set_index("timestamp")["kwh"].groupby(level=0).last().asfreq("h")
        for name, part in rows.groupby("meter_id", sort=True)
    }


def midnights(series: pd.Series, zone: str) -> list[pd.Timestamp]:
    """The origins of the last days, and the end of the last one, in UTC."""
    end = (series.index[-1] + HOUR).tz_convert(zone)
    last = end.normalize()
    return [(last - pd.DateOffset(days=n)).tz_convert("UTC") for n in range(TEST_DAYS, -1, -1)]


class Score:
    """Sums over the hours of a meter that count."""

    def __init__(self) -> None:
        self.days, self.substituted, self.seconds, self.processor = 0, 0, 0.0, 0.0
        self.wrong, self.naive = np.zeros(25), np.zeros(25)
        self.pinball, self.covered, self.banded = 0.0, 0, 0  # of the hours with three quantiles

    def take(self, forecast: Forecast, series: pd.Series, origin: pd.Timestamp, hours: int) -> None:
        begin, used = time.perf_counter(), time.process_time()
        rows = np.atleast_2d(forecast(series, origin, hours))
        self.seconds += time.perf_counter() - begin
        self.processor += time.process_time() - used  # of all threads; what else runs on the machine counts less
        self.days += 1
        at = pd.date_range(origin, periods=hours, freq="h")
        actual, week = series.reindex(at).to_numpy(), series.reindex(at - WEEK).to_numpy()
        counts = ~np.isnan(actual) & ~np.isnan(week)
        nothing = np.isnan(rows).any(axis=0)
        self.substituted += int((nothing & counts).sum())
        rows = np.where(nothing, week, rows)
        self.wrong[:hours] += np.where(counts, np.abs(actual - rows[len(rows) // 2]), 0)
        self.naive[:hours] += np.where(counts, np.abs(actual - week), 0)
        if len(rows) == len(QUANTILES):
            for q, row in zip(QUANTILES, rows):
                below = actual - row
                self.pinball += float(np.where(counts, np.maximum(q * below, (q - 1) * below), 0).sum())
            self.covered += int((counts & (actual >= rows[0]) & (actual <= rows[2])).sum())
            self.banded += int(counts.sum())

    def relative_pinball(self) -> float:
        """The mean loss over that of the week before, which is half its absolute error at each quantile."""
        return self.pinball / (len(QUANTILES) * self.naive.sum() / 2)


def score(forecast: Forecast, series: pd.Series, zone: str) -> Score | str:
    """The score of a meter, or why it is left out."""
    origins = midnights(series, zone)
    span = series.reindex(pd.date_range(origins[0], origins[-1] - HOUR, freq="h"))
    if series.index[0] > origins[0] - WEEK:
        return "too short"
    if span.isna().mean() > MAX_GAPS:
        return "gaps"
    out = Score()
    for origin, following in zip(origins, origins[1:]):
        out.take(forecast, series, origin, int((following - origin) / HOUR))
    return out if out.naive.sum() > 0 else "flat"


def geometric(values: list[float]) -> float:
    logs = [math.log(v) for v in values if v > 0 and math.isfinite(v)]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def compare(forecaster: Callable[[], Forecast], description: str | None) -> None:
    """Runs a forecaster, of which each meter gets a new one, by the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", required=True, help="long CSV: meter_id,timestamp,kwh with hours in UTC")
    parser.add_argument("--timezone", default="UTC", help="IANA zone whose midnights forecasts are made at")
    parser.add_argument("--every", type=int, default=1, help="take every N-th meter by name")
    parser.add_argument("--meters", default="", help="names of meters, with commas between; all by default")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)

    series = read(args.readings)
    names = args.meters.split(",") if args.meters else list(series)[:: args.every]
    if unknown := [name for name in names if name not in series]:
        raise SystemExit(f"--meters {','.join(unknown)}: no such meter in {args.readings}")
    good: dict[str, Score] = {}
    for name in names:
        result = score(forecaster(), series[name], args.timezone)
        if isinstance(result, str):
            print(f"{name}: left out, {result}", flush=True)
            continue
        good[name] = result
        print(f"{name}: relMAE {result.wrong.sum() / result.naive.sum():.3f}, {result.seconds / result.days:.3f} s a day", flush=True)
    if not good:
        raise SystemExit(f"{args.readings}: none of {len(names)} meters has enough readings")
    report(names, list(good.values()))


def report(names: list[str], scores: list[Score]) -> None:
    days = sum(s.days for s in scores)
    by_lead = [geometric([s.wrong[i] / s.naive[i] for s in scores if s.naive[i] > 0]) for i in range(24)]
    print(f"\n--meters {','.join(names)}")
    print(f"\n{len(scores)} meters, {days} meter-days, {sum(s.substituted for s in scores)} hours without a forecast")
    print(f"relMAE {geometric([s.wrong.sum() / s.naive.sum() for s in scores]):.3f}")
    if banded := sum(s.banded for s in scores):
        pinball = geometric([s.relative_pinball() for s in scores])
        print(f"pinball {pinball:.3f}, {100 * sum(s.covered for s in scores) / banded:.1f} % covered")
    print("by lead " + ", ".join(f"{i}: {by_lead[i]:.3f}" for i in (0, 1, 2, 3, 6, 12, 18, 23)))
    wall, processor = (sum(getattr(s, of) for s in scores) / days for of in ("seconds", "processor"))
    print(f"{wall:.4f} s per meter-day, {processor:.4f} s of processor time")
