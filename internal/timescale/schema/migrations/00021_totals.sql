-- +goose Up

-- Sums over the meters of a group, kept for each issue: a year of 2,000 meters has
-- 17 million hours of forecasts. A processor writes them with the rows that they are
-- sums of, and completes what is missing when it takes a partition.
CREATE TABLE forecast_totals (
    issued_at timestamptz NOT NULL,
    group_no  integer NOT NULL,
    partition integer NOT NULL,
    p10       float8[] NOT NULL,
    p50       float8[] NOT NULL,
    p90       float8[] NOT NULL,
    meters    integer[] NOT NULL,
    PRIMARY KEY (issued_at, group_no, partition)
);
CREATE INDEX forecast_totals_partition ON forecast_totals (partition, issued_at);
COMMENT ON TABLE forecast_totals IS 'sums of the forecasts of the meters of a group, by issue; group 0 lies in several partitions';
COMMENT ON COLUMN forecast_totals.p50 IS 'kWh of each hour from issued_at on';
COMMENT ON COLUMN forecast_totals.meters IS 'meters with a forecast of the hour';

CREATE TABLE plan_totals (
    issued_at     timestamptz NOT NULL,
    group_no      integer NOT NULL,
    partition     integer NOT NULL,
    valid_from    timestamptz NOT NULL,
    provenance_no integer NOT NULL,
    kwh           float8[] NOT NULL,
    plans         integer[] NOT NULL,
    PRIMARY KEY (issued_at, group_no, partition, valid_from, provenance_no)
);
CREATE INDEX plan_totals_partition ON plan_totals (partition, issued_at);
COMMENT ON TABLE plan_totals IS 'sums of the plans of the meters of a group, by issue; plans about groups are left out, as they are such sums';
COMMENT ON COLUMN plan_totals.kwh IS 'change of load of each hour from valid_from on, kWh';
COMMENT ON COLUMN plan_totals.plans IS 'plans that cover the hour';

-- The year of a group is a range of its own.
CREATE INDEX group_load_group ON group_load (group_no, ts);

-- +goose Down
DROP INDEX group_load_group;
DROP TABLE plan_totals, forecast_totals;
