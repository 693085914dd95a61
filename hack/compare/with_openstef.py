"""Forecasts with OpenSTEF what `energytwin backtest` forecasts, to compare the two.

Needs Python 3.12 or newer and OpenSTEF, which brings XGBoost; no server, no database, no weather:

    python3 -m venv os && os/bin/pip install openstef==4.7.0
    os/bin/python hack/compare/with_openstef.py --readings readings.csv.gz --timezone Europe/London
    energytwin backtest --readings readings.csv.gz --timezone Europe/London

Each day is forecast by OpenSTEF's XGBoost workflow with its default settings, for hours. As its backtests do, it is
fitted each week, on the 90 days before, and forecasts from the 14 days before. Days, meters and figures are those of midnights.py. A
fit takes some seconds.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
from midnights import HOUR, QUANTILES, Forecast, compare

# Defaults of openstef_beam's backtests.
TRAIN_DAYS = 90
CONTEXT_DAYS = 14
FIT_EVERY = pd.Timedelta(days=7)


def forecaster() -> Forecast:
    """A workflow of OpenSTEF that is fitted again when it is a week old."""
    from openstef_core.datasets import TimeSeriesDataset
    from openstef_core.types import LeadTime, Q
    from openstef_models.presets.forecasting_workflow import ForecastingWorkflowConfig, create_forecasting_workflow

    hourly = timedelta(hours=1)
    longest = LeadTime.from_string("PT25H")  # a day whose clocks go back
    fitted, workflow = None, None

    def forecast(series: pd.Series, origin: pd.Timestamp, hours: int) -> np.ndarray:
        nonlocal fitted, workflow
        load = series.rename("load").to_frame()
        if fitted is None or origin - fitted >= FIT_EVERY:
            fitted, workflow = origin, create_forecasting_workflow(
                ForecastingWorkflowConfig(
                    model_id="meter", model="xgboost", quantiles=[Q(q) for q in QUANTILES],
                    sample_interval=hourly, horizons=[longest], mlflow_storage=None,
                )
            )
            past = pd.date_range(origin - pd.Timedelta(days=TRAIN_DAYS), origin - HOUR, freq="h")
            workflow.fit(TimeSeriesDataset(load.reindex(past), hourly))
        at = pd.date_range(origin - pd.Timedelta(days=CONTEXT_DAYS), origin + (hours - 1) * HOUR, freq="h")
        known = load.reindex(at)
        known.loc[origin:, "load"] = np.nan
        made = workflow.predict(TimeSeriesDataset(known, hourly), forecast_start=origin.to_pydatetime())
        wanted = pd.date_range(origin, periods=hours, freq="h")
        return made.data[[Q(q).format() for q in QUANTILES]].reindex(wanted).to_numpy().T

    return forecast


if __name__ == "__main__":
    compare(forecaster, __doc__)
