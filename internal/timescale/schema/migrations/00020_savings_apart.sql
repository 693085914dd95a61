-- +goose Up
ALTER TABLE decisions ADD COLUMN saving_energy real;
ALTER TABLE decisions ADD COLUMN saving_demand real;
ALTER TABLE decisions ADD COLUMN month_peak real;
COMMENT ON COLUMN decisions.saving_energy IS 'expected saving on energy, currency; null of a decision of an earlier version';
COMMENT ON COLUMN decisions.saving_demand IS 'expected saving on the demand charge, currency; null likewise';
COMMENT ON COLUMN decisions.month_peak IS 'highest hour of the month before the plan, kW; null without a demand charge, and of a group';

ALTER TABLE realised ADD COLUMN saving_demand real;
ALTER TABLE realised ADD COLUMN peak_without real;
ALTER TABLE realised ADD COLUMN peak_with real;
COMMENT ON COLUMN realised.saving IS 'on energy, currency; null where no hour counts';
COMMENT ON COLUMN realised.saving_demand IS 'on the demand charge of the month, currency; null where the highest hour before the plan is not known';
COMMENT ON COLUMN realised.peak_without IS 'highest hour of the month before the plan without the plans before it, kW; null without a demand charge';
COMMENT ON COLUMN realised.peak_with IS 'likewise with them';

CREATE TABLE settling (
    partition   integer PRIMARY KEY,
    settled_to  timestamptz NOT NULL
);
COMMENT ON TABLE settling IS 'how far the plans of a partition are settled; its row is locked by who settles them';
COMMENT ON COLUMN settling.settled_to IS 'decisions whose hours end then, or before, are settled';

CREATE TABLE month_peaks (
    meter_no   integer PRIMARY KEY,
    month      integer NOT NULL,
    without    real NOT NULL,
    with_plans real NOT NULL
);
COMMENT ON TABLE month_peaks IS 'highest hours of a meter up to the hours that are settled, kW; empty without a demand charge';
COMMENT ON COLUMN month_peaks.month IS 'calendar month, 12·year + month';
COMMENT ON COLUMN month_peaks.without IS 'as it was measured, or would have been without plans';
COMMENT ON COLUMN month_peaks.with_plans IS 'with all plans carried out';

-- +goose Down
DROP TABLE month_peaks, settling;
ALTER TABLE realised DROP COLUMN peak_with, DROP COLUMN peak_without, DROP COLUMN saving_demand;
ALTER TABLE decisions DROP COLUMN month_peak, DROP COLUMN saving_demand, DROP COLUMN saving_energy;
