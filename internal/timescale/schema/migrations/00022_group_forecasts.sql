-- +goose Up
CREATE TABLE group_forecasts (
    issued_at timestamptz NOT NULL,
    group_no  integer NOT NULL,
    model     text COLLATE "C" NOT NULL,
    p10       real[] NOT NULL,
    p50       real[] NOT NULL,
    p90       real[] NOT NULL,
    day_ahead boolean NOT NULL,
    PRIMARY KEY (issued_at, group_no, model)
);
CREATE INDEX group_forecasts_group ON group_forecasts (group_no, issued_at);
COMMENT ON TABLE group_forecasts IS 'forecasts of the load of a group as a whole, made from the sums of its meters';
COMMENT ON COLUMN group_forecasts.p50 IS 'kWh of each hour from issued_at on; NaN where the model has nothing to say';
COMMENT ON COLUMN group_forecasts.day_ahead IS 'issued at the issue time of the spec';

-- +goose Down
DROP TABLE group_forecasts;
