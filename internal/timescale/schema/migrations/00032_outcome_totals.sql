-- +goose Up

-- Sums over the meters of a group, by the hours of their plans: a year of 2,000 meters
-- has 730,000 plans. They are stored with the outcomes that they are sums of.
CREATE TABLE outcome_totals (
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz NOT NULL,
    group_no        integer NOT NULL,
    partition       integer NOT NULL,
    plans           bigint NOT NULL,
    settled         bigint NOT NULL,
    counted         bigint NOT NULL,
    valued          bigint NOT NULL,
    kwh_shifted     float8,
    promised_energy float8,
    promised_demand float8,
    saving          float8,
    saving_demand   float8,
    estimated       float8,
    estimates       bigint NOT NULL,
    co2_kg          float8,
    co2_plans       bigint NOT NULL,
    PRIMARY KEY (valid_from, group_no, partition, valid_to)
);
CREATE INDEX outcome_totals_group ON outcome_totals (group_no, valid_from);
COMMENT ON TABLE outcome_totals IS 'sums of what the plans of the meters of a group promised and realised, by their hours; plans about groups are left out, as they are such sums';
COMMENT ON COLUMN outcome_totals.plans IS 'decisions with a plan';
COMMENT ON COLUMN outcome_totals.settled IS 'of them, those that are settled';
COMMENT ON COLUMN outcome_totals.valued IS 'outcomes whose saving could be computed, those of revisions too; the sums are of these';
COMMENT ON COLUMN outcome_totals.counted IS 'of them, those that are no revision';
COMMENT ON COLUMN outcome_totals.estimated IS 'the share of saving that was computed against forecasts, currency';
COMMENT ON COLUMN outcome_totals.estimates IS 'outcomes of which that is true';

ALTER TABLE settling ADD COLUMN summed_to timestamptz NOT NULL DEFAULT '-infinity';
COMMENT ON COLUMN settling.summed_to IS 'outcome_totals hold the decisions whose hours end then, or before; behind settled_to after a version without them has settled';

-- +goose Down
ALTER TABLE settling DROP COLUMN summed_to;
DROP TABLE outcome_totals;
