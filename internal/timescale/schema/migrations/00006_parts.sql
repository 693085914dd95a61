-- +goose Up

-- Messages about parts of hours that are not whole yet. Rows come and go with
-- every hour: the table stays small if it is vacuumed often.
CREATE TABLE reading_parts (
    meter_no      integer NOT NULL,
    ts            timestamptz NOT NULL,
    stream_offset bigint NOT NULL,
    key           bytea NOT NULL,
    value         bytea NOT NULL,
    PRIMARY KEY (meter_no, ts)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE reading_parts IS 'messages about parts of hours that wait for the other parts';
COMMENT ON COLUMN reading_parts.ts IS 'start of the part';
COMMENT ON COLUMN reading_parts.stream_offset IS 'of the message, in the meter''s partition';
COMMENT ON COLUMN reading_parts.value IS 'original bytes of the message';

-- +goose Down
DROP TABLE reading_parts;
