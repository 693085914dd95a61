-- +goose Up
-- Readings do not keep their offsets. The number of those that a partition had
-- stored places a revision among them, so that a what-if changes rules where the
-- twin did.
ALTER TABLE spec_revisions ADD COLUMN stored bigint;
COMMENT ON COLUMN spec_revisions.stored IS 'readings that the partition had stored, warm-up included, when the specification began to hold; null for revisions of before the column existed';
UPDATE spec_revisions SET stored = 0 WHERE from_offset = 0;

-- +goose Down
ALTER TABLE spec_revisions DROP COLUMN stored;
