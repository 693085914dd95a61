-- +goose Up
ALTER TABLE decisions ADD COLUMN limit_group text COLLATE "C";
COMMENT ON COLUMN decisions.limit_group IS 'group above that of the meter whose limit the plan serves most, or which leaves its price shift less room; null where that is its own group, or none';

-- +goose Down
ALTER TABLE decisions DROP COLUMN limit_group;
