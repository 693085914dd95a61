-- +goose Up
ALTER TABLE group_forecasts ADD COLUMN capacity_kw real;
ALTER TABLE group_forecasts ADD COLUMN exceed_before real[];
ALTER TABLE group_forecasts ADD COLUMN exceed_after real[];
ALTER TABLE group_forecasts ADD COLUMN excess_before real[];
ALTER TABLE group_forecasts ADD COLUMN excess_after real[];
COMMENT ON COLUMN group_forecasts.capacity_kw IS 'limit of the group at the issue; null without one, as the columns about it are';
COMMENT ON COLUMN group_forecasts.exceed_before IS 'probability that each hour exceeds the limit, without the plans of the meters; NaN where p50 is';
COMMENT ON COLUMN group_forecasts.exceed_after IS 'likewise with the plans that were made by then';
COMMENT ON COLUMN group_forecasts.excess_before IS 'energy expected above the limit in each hour, kWh, without the plans';
COMMENT ON COLUMN group_forecasts.excess_after IS 'likewise with the plans';

-- +goose Down
ALTER TABLE group_forecasts DROP COLUMN excess_after, DROP COLUMN excess_before, DROP COLUMN exceed_after, DROP COLUMN exceed_before,
    DROP COLUMN capacity_kw;
