-- +goose Up
COMMENT ON COLUMN readings.quality IS '0 measured, 1 warm-up, 2 late, 3 corrected; 4 more: suspect, nothing is computed from it';
CREATE INDEX readings_suspect ON readings (ts, meter_no) WHERE quality >= 4;

ALTER TABLE stream_offsets
    ADD COLUMN suspect   bigint NOT NULL DEFAULT 0,
    ADD COLUMN confirmed bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN stream_offsets.suspect IS 'readings that were judged suspect';
COMMENT ON COLUMN stream_offsets.confirmed IS 'of those, readings that later ones made plausible';

-- Where the view is a continuous aggregate, what applies the migrations recreates
-- it, as far as its readings are still there.
-- +goose StatementBegin
DO $$
BEGIN
    IF to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL THEN
        PERFORM FROM timescaledb_information.continuous_aggregates
        WHERE view_schema = current_schema() AND view_name = 'readings_daily';
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    CREATE OR REPLACE VIEW readings_daily AS
    SELECT date_trunc('day', ts, 'UTC') AS day, meter_no, channel,
           sum(kwh::float8) AS kwh, max(kwh) AS peak_kw, min(kwh) AS low_kw, count(*) AS hours
    FROM readings WHERE quality < 4
    GROUP BY 1, 2, 3;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP INDEX readings_suspect;
ALTER TABLE stream_offsets DROP COLUMN suspect, DROP COLUMN confirmed;
