-- +goose Up
ALTER TABLE group_load ADD COLUMN fed_in double precision;
COMMENT ON COLUMN group_load.fed_in IS 'what meters of the group fed in, kWh, 0 or more; kwh is what the others drew less this; null in hours from before it was counted';

-- +goose Down
ALTER TABLE group_load DROP COLUMN fed_in;
