"""Forecasts with FlexMeasures what `energytwin backtest` forecasts, to compare the two.

Needs Python 3.11 or newer and FlexMeasures, which brings darts and LightGBM; no server, no database:

    python3 -m venv fm && fm/bin/pip install flexmeasures==1.0.1
    fm/bin/python hack/compare/with_flexmeasures.py --readings readings.csv.gz --timezone Europe/London
    energytwin backtest --readings readings.csv.gz --timezone Europe/London

Each day of the last 60 of each meter is forecast at local midnight by FlexMeasures' default model with its default
settings, refitted on the 30 days before, as its pipeline does, gaps filled as it fills them. Figures are defined as
those of `energytwin backtest`: an hour without a reading, or without one a week before, does not count; meters with over
10 % gaps, or for which last week is always right, are left out. A meter-day takes a part of a second: --every N takes
every N-th meter by name, and prints the names in the form that --meters takes, here and there.
"""

import argparse
import logging
import math
import time
import warnings

import numpy as np
import pandas as pd

TEST_DAYS = 60
TRAIN_DAYS = 30  # default of FlexMeasures' train period
MAX_GAPS = 0.1
WEEK = pd.Timedelta(hours=168)
HOUR = pd.Timedelta(hours=1)


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


def forecast(series: pd.Series, origin: pd.Timestamp, hours: int) -> np.ndarray:
    """The hours from an origin on, from what was measured before it."""
    from darts import TimeSeries
    from darts.dataprocessing.transformers import MissingValuesFiller
    from flexmeasures.data.models.forecasting.custom_models.lgbm_model import CustomLGBM

    past = series.reindex(pd.date_range(origin - pd.Timedelta(days=TRAIN_DAYS), origin - HOUR, freq="h"))
    if past.notna().sum() < 48:
        return np.full(hours, np.nan)
    past.index = past.index.tz_localize(None)
    known = MissingValuesFiller(fill="auto").transform(TimeSeries.from_series(past, freq="h"))
    model = CustomLGBM(max_forecast_horizon=hours, probabilistic=False)
    model.fit(series=known, past_covariates=None, future_covariates=None)
    return model.predict(series=known, past_covariates=None, future_covariates=None).values().ravel()


class Score:
    """Sums over the hours of a meter that count."""

    def __init__(self) -> None:
        self.days, self.substituted, self.seconds, self.processor = 0, 0, 0.0, 0.0
        self.wrong, self.naive = np.zeros(25), np.zeros(25)

    def take(self, series: pd.Series, origin: pd.Timestamp, hours: int) -> None:
        begin, used = time.perf_counter(), time.process_time()
        path = forecast(series, origin, hours)
        self.seconds += time.perf_counter() - begin
        self.processor += time.process_time() - used  # of all threads; what else runs on the machine counts less
        self.days += 1
        at = pd.date_range(origin, periods=hours, freq="h")
        actual, week = series.reindex(at).to_numpy(), series.reindex(at - WEEK).to_numpy()
        counts = ~np.isnan(actual) & ~np.isnan(week)
        nothing = np.isnan(path)
        self.substituted += int((nothing & counts).sum())
        path = np.where(nothing, week, path)
        self.wrong[:hours] += np.where(counts, np.abs(actual - path), 0)
        self.naive[:hours] += np.where(counts, np.abs(actual - week), 0)


def score(series: pd.Series, zone: str) -> Score | str:
    """The score of a meter, or why it is left out."""
    origins = midnights(series, zone)
    span = series.reindex(pd.date_range(origins[0], origins[-1] - HOUR, freq="h"))
    if series.index[0] > origins[0] - WEEK:
        return "too short"
    if span.isna().mean() > MAX_GAPS:
        return "gaps"
    out = Score()
    for origin, following in zip(origins, origins[1:]):
        out.take(series, origin, int((following - origin) / HOUR))
    return out if out.naive.sum() > 0 else "flat"


def geometric(values: list[float]) -> float:
    logs = [math.log(v) for v in values if v > 0 and math.isfinite(v)]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
        result = score(series[name], args.timezone)
        if isinstance(result, str):
            print(f"{name}: left out, {result}", flush=True)
            continue
        good[name] = result
        print(f"{name}: relMAE {result.wrong.sum() / result.naive.sum():.3f}, {result.seconds / result.days:.3f} s a day", flush=True)
    if not good:
        raise SystemExit(f"{args.readings}: none of {len(names)} meters has enough readings")
    days = sum(s.days for s in good.values())
    by_lead = [geometric([s.wrong[i] / s.naive[i] for s in good.values() if s.naive[i] > 0]) for i in range(24)]
    print(f"\n--meters {','.join(names)}")
    print(f"\n{len(good)} meters, {days} meter-days, {sum(s.substituted for s in good.values())} hours without a forecast")
    print(f"relMAE {geometric([s.wrong.sum() / s.naive.sum() for s in good.values()]):.3f}")
    print("by lead " + ", ".join(f"{i}: {by_lead[i]:.3f}" for i in (0, 1, 2, 3, 6, 12, 18, 23)))
    wall, processor = (sum(getattr(s, of) for s in good.values()) / days for of in ("seconds", "processor"))
    print(f"{wall:.4f} s per meter-day, {processor:.4f} s of processor time")


if __name__ == "__main__":
    main()
