-- +goose Up
ALTER TABLE decisions ADD COLUMN parts real[];
COMMENT ON COLUMN decisions.parts IS 'where something stands behind the meter, for each part of the plan: action, saving, number of hours and the change of each, number of hours and the value of a stored kWh at the end of each, number of hours and what a car draws in each if it is charged at once';

-- +goose Down
ALTER TABLE decisions DROP COLUMN parts;
