-- +goose Up

-- Hours come in order of time, so a key that starts with ts is appended to at
-- its right edge: nearly twice as fast as one that starts with the meter. The
-- history of one meter is read by probing the key once per hour.
-- No foreign keys here: a check per row costs more than the row.
CREATE TABLE readings (
    ts       timestamptz NOT NULL,
    meter_no integer NOT NULL,
    kwh      real NOT NULL,
    channel  smallint NOT NULL DEFAULT 0,
    quality  smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (ts, meter_no, channel)
);
COMMENT ON TABLE readings IS 'energy per meter and hour';
COMMENT ON COLUMN readings.ts IS 'start of the hour';
COMMENT ON COLUMN readings.kwh IS 'negative is export; an hour without a reading has no row';
COMMENT ON COLUMN readings.channel IS '0 is net energy';
COMMENT ON COLUMN readings.quality IS '0 measured, 1 warm-up, 2 late, 3 corrected';

CREATE TABLE reading_revisions (
    ts            timestamptz NOT NULL,
    meter_no      integer NOT NULL,
    channel       smallint NOT NULL DEFAULT 0,
    stream_offset bigint NOT NULL,
    old_kwh       real NOT NULL,
    old_quality   smallint,
    known_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ts, meter_no, channel, stream_offset)
);
COMMENT ON TABLE reading_revisions IS 'values that a correction replaced';
COMMENT ON COLUMN reading_revisions.stream_offset IS 'of the record that brought the correction, in the meter''s partition';

CREATE TABLE group_load (
    ts        timestamptz NOT NULL,
    group_no  integer NOT NULL,
    partition integer NOT NULL,
    kwh       double precision NOT NULL,
    meters    integer NOT NULL,
    PRIMARY KEY (ts, group_no, partition)
);
COMMENT ON TABLE group_load IS 'energy per group and hour, as far as it is known; group 0 lies in several partitions';
COMMENT ON COLUMN group_load.meters IS 'meters that reported the hour';

CREATE TABLE forecasts (
    issued_at timestamptz NOT NULL,
    meter_no  integer NOT NULL,
    model     text COLLATE "C" NOT NULL,
    p10       real[] NOT NULL,
    p50       real[] NOT NULL,
    p90       real[] NOT NULL,
    PRIMARY KEY (issued_at, meter_no, model)
);
CREATE INDEX forecasts_meter ON forecasts (meter_no, issued_at);
COMMENT ON COLUMN forecasts.p50 IS 'kWh of each hour from issued_at on; NaN where the model has nothing to say';

-- +goose Down
DROP TABLE forecasts, group_load, reading_revisions, readings;
