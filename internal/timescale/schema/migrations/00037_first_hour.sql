-- +goose Up

-- From which hour on a meter has readings: what is missing of its group is counted from
-- there. Of meters that are there already it is not looked for, which would read all
-- readings: they count as if they had begun with the twin.
ALTER TABLE meter_state ADD COLUMN first_ts timestamptz DEFAULT '-infinity';
ALTER TABLE meter_state ALTER COLUMN first_ts DROP DEFAULT;
COMMENT ON COLUMN meter_state.first_ts IS 'start of the first hour with a reading, suspect or not; -infinity where it was not noted, null where there is none';

-- +goose Down
ALTER TABLE meter_state DROP COLUMN first_ts;
