-- +goose Up
CREATE TABLE live_gaps (
    partition integer PRIMARY KEY
);
COMMENT ON TABLE live_gaps IS 'partitions of which live events were dropped while Redis was away; the next event reports it';
COMMENT ON COLUMN outbox.kind IS '1 decisions issued at ts, 2 quarantined messages from_offset to to_offset, 3 load of groups at ts, 4 forecasts issued at ts without decisions';

-- +goose Down
DELETE FROM outbox WHERE kind = 4;
DROP TABLE live_gaps;
