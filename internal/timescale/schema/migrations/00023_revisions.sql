-- +goose Up
-- A decision may revise the plan of another one for the rest of its day.
ALTER TABLE decisions ADD COLUMN supersedes uuid;
ALTER TABLE decisions ADD COLUMN superseded_energy real;
ALTER TABLE decisions ADD COLUMN superseded_demand real;
COMMENT ON COLUMN decisions.supersedes IS 'the decision whose plan this one replaces from valid_from on; null of the first one about its day';
COMMENT ON COLUMN decisions.superseded_energy IS 'what that plan was expected to save on energy from there on, currency: sums of promises leave it out; null where nothing was planned';
COMMENT ON COLUMN decisions.superseded_demand IS 'likewise on the demand charge';
CREATE INDEX decisions_supersedes ON decisions (supersedes) WHERE supersedes IS NOT NULL;
COMMENT ON COLUMN forecasts.day_ahead IS 'issued at the issue time of the spec; false for one that was issued again within the day, or for plans';

-- +goose Down
DROP INDEX decisions_supersedes;
ALTER TABLE decisions DROP COLUMN superseded_demand, DROP COLUMN superseded_energy, DROP COLUMN supersedes;
