-- +goose Up
UPDATE quarantine SET reason = 'overlapping_sub_hour' WHERE reason = 'overlapping_part';
UPDATE quarantine SET reason = 'sub_hour_too_long' WHERE reason = 'part_too_long';

-- +goose Down
UPDATE quarantine SET reason = 'overlapping_part' WHERE reason = 'overlapping_sub_hour';
UPDATE quarantine SET reason = 'part_too_long' WHERE reason = 'sub_hour_too_long';
