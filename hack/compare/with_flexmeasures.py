"""Forecasts with FlexMeasures what `energytwin backtest` forecasts, to compare the two.

Needs Python 3.11 or newer and FlexMeasures, which brings darts and LightGBM; no server, no database:

    python3 -m venv fm && fm/bin/pip install flexmeasures==1.0.1
    fm/bin/python hack/compare/with_flexmeasures.py --readings readings.csv.gz --timezone Europe/London
    energytwin backtest --readings readings.csv.gz --timezone Europe/London

Each day is forecast by FlexMeasures' default model with its default settings, refitted on the 30 days before, as its
pipeline does, gaps filled as it fills them. Days, meters and figures are those of midnights.py. A meter-day takes a part of
a second.
"""

import numpy as np
import pandas as pd
from midnights import HOUR, Forecast, compare

TRAIN_DAYS = 30  # default of FlexMeasures' train period


def forecaster() -> Forecast:
    return forecast


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


if __name__ == "__main__":
    compare(forecaster, __doc__)
