-- +goose Up
-- Forecasts may be issued again within a day. Those of before the column existed, and of
-- processors that do not know it yet, were issued once a day.
ALTER TABLE forecasts ADD COLUMN day_ahead boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN forecasts.day_ahead IS 'issued at the issue time of the spec: the plans of the day rest on it; false for one that was issued again within the day';

-- +goose Down
ALTER TABLE forecasts DROP COLUMN day_ahead;
