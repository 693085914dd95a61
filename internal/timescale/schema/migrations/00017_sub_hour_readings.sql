-- +goose Up
ALTER TABLE reading_parts RENAME TO sub_hour_readings;
ALTER INDEX reading_parts_pkey RENAME TO sub_hour_readings_pkey;
COMMENT ON TABLE sub_hour_readings IS 'messages of sub-hour readings whose hour is not complete';
COMMENT ON COLUMN sub_hour_readings.ts IS 'start of the sub-hour reading';
COMMENT ON TABLE realised IS 'outcome of a decision once its hours have passed; a corrected reading adds a revision';
COMMENT ON COLUMN stream_offsets.epoch IS 'raised when a processor takes the partition; batches of an older epoch are rejected';
COMMENT ON COLUMN stream_offsets.topic_generation IS 'raised when the topic turns out to be recreated, or to have lost records: checkpoints of an earlier one are void, and the stream''s start is not where what is known began';

-- +goose Down
ALTER INDEX sub_hour_readings_pkey RENAME TO reading_parts_pkey;
ALTER TABLE sub_hour_readings RENAME TO reading_parts;
