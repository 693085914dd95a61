-- +goose Up

-- What a partition knew at an issue about the load of its meters: of the hours since the
-- issue before, and of those before that had changed. Late readings change the rows of
-- other tables at times that depend on the speed of processors, not these.
CREATE TABLE partition_loads (
    issued_at timestamptz NOT NULL,
    partition integer NOT NULL,
    day_ahead boolean NOT NULL,
    ahead     integer NOT NULL,
    spec_hash text NOT NULL,
    hours     integer[] NOT NULL,
    kwh       float8[] NOT NULL,
    expected  integer[] NOT NULL,
    reported  integer[] NOT NULL,
    PRIMARY KEY (issued_at, partition)
);
COMMENT ON TABLE partition_loads IS 'what a partition knew at an issue about the load of its meters; forecasts of the twin are made from it, after which rows are deleted';
COMMENT ON COLUMN partition_loads.ahead IS 'hours that the forecast covers';
COMMENT ON COLUMN partition_loads.hours IS 'hours since 1970 UTC';
COMMENT ON COLUMN partition_loads.kwh IS 'sum of the meters, of a missing one its value of a week before';
COMMENT ON COLUMN partition_loads.expected IS 'meters in the sum';
COMMENT ON COLUMN partition_loads.reported IS 'of them, those that reported the hour';

CREATE TABLE twin_forecasts (
    issued_at  timestamptz PRIMARY KEY,
    model      text COLLATE "C" NOT NULL,
    day_ahead  boolean NOT NULL,
    p10        real[] NOT NULL,
    p50        real[] NOT NULL,
    p90        real[] NOT NULL,
    partitions integer NOT NULL
);
COMMENT ON TABLE twin_forecasts IS 'forecasts of the load of the whole twin, made when its last partition has passed the issue';
COMMENT ON COLUMN twin_forecasts.p50 IS 'kWh of each hour from issued_at on; NaN where the model has nothing to say';
COMMENT ON COLUMN twin_forecasts.partitions IS 'partitions whose load it is made from';

-- +goose Down
DROP TABLE twin_forecasts, partition_loads;
