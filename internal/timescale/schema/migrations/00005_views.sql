-- +goose Up

-- Days of UTC. With TimescaleDB these become continuous aggregates of the same
-- names and columns.
CREATE VIEW readings_daily AS
SELECT date_trunc('day', ts, 'UTC') AS day, meter_no, channel,
       sum(kwh::float8) AS kwh, max(kwh) AS peak_kw, min(kwh) AS low_kw, count(*) AS hours
FROM readings
GROUP BY 1, 2, 3;

CREATE VIEW group_load_daily AS
SELECT date_trunc('day', ts, 'UTC') AS day, group_no, partition,
       sum(kwh) AS kwh, max(kwh) AS peak_kw, min(kwh) AS low_kw, count(*) AS hours
FROM group_load
GROUP BY 1, 2, 3;

-- What maintenance has done, so that it goes on where it was.
CREATE TABLE maintenance (
    one                boolean PRIMARY KEY DEFAULT true CHECK (one),
    compressed_to      timestamptz,
    readings_from      timestamptz,
    decisions_from     timestamptz,
    ran_at             timestamptz
);
COMMENT ON COLUMN maintenance.compressed_to IS 'chunks of readings that end at or before it are compressed';
COMMENT ON COLUMN maintenance.readings_from IS 'older readings may have been dropped';
COMMENT ON COLUMN maintenance.decisions_from IS 'older forecasts and decisions may have been dropped';
INSERT INTO maintenance DEFAULT VALUES;

-- +goose Down
DROP TABLE maintenance;
DROP VIEW group_load_daily, readings_daily;
