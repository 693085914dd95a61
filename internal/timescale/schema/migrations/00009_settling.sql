-- +goose Up
ALTER TABLE maintenance ADD COLUMN settling_at timestamptz;
COMMENT ON COLUMN maintenance.settling_at IS 'when a process last began to settle plans between the turns of maintenance';

-- +goose Down
ALTER TABLE maintenance DROP COLUMN settling_at;
