-- +goose Up
-- A question about what was known at a time needs to know when, by the stream's own
-- time, a value came. A reading of an hour that was over has a row too, without a value
-- that it replaces.
ALTER TABLE reading_revisions ADD COLUMN watermark timestamptz;
ALTER TABLE reading_revisions ALTER COLUMN old_kwh DROP NOT NULL;
COMMENT ON TABLE reading_revisions IS 'what was known of an hour before a correction, or a late reading, came';
COMMENT ON COLUMN reading_revisions.stream_offset IS 'of the record that brought the new value, in the meter''s partition';
COMMENT ON COLUMN reading_revisions.old_kwh IS 'value that was replaced; null where the hour had none';
COMMENT ON COLUMN reading_revisions.watermark IS 'of the partition when the new value came: before this time the old one is what was known; null for rows of before the column existed';

-- +goose Down
DELETE FROM reading_revisions WHERE old_kwh IS NULL;
ALTER TABLE reading_revisions ALTER COLUMN old_kwh SET NOT NULL;
ALTER TABLE reading_revisions DROP COLUMN watermark;
