-- +goose Up
ALTER TABLE stream_offsets ADD COLUMN topic_generation integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN stream_offsets.topic_generation IS 'raised when the topic turns out to be made anew, or to have lost records: checkpoints of an earlier one are void, and the stream''s start is not where what is known began';
-- A topic that was found to be a new one, of which nothing was taken yet.
UPDATE stream_offsets SET topic_generation = 1 WHERE next_offset = 0 AND watermark IS NOT NULL;
ALTER TABLE outbox ADD COLUMN topic_generation integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN outbox.topic_generation IS 'of the topic that batch_offset is of';

-- +goose Down
ALTER TABLE outbox DROP COLUMN topic_generation;
ALTER TABLE stream_offsets DROP COLUMN topic_generation;
