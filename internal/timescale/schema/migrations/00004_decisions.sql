-- +goose Up

CREATE TABLE provenance (
    provenance_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest        bytea NOT NULL UNIQUE,
    model         text NOT NULL,
    model_version text NOT NULL,
    image         text NOT NULL,
    spec_hash     text NOT NULL,
    dataset_sha   text NOT NULL,
    tariff        text NOT NULL,
    origin        text NOT NULL,
    known_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN provenance.digest IS 'SHA-256 over the fields, so that one provenance is one row';
COMMENT ON COLUMN provenance.origin IS 'what windows and models were made from: the stream, a checkpoint, or this database';

-- Ordered by width, so that a row has no holes.
CREATE TABLE decisions (
    id              uuid NOT NULL,
    issued_at       timestamptz NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz NOT NULL,
    actionable_from timestamptz NOT NULL,
    last_reading    timestamptz,
    partition       integer NOT NULL,
    meter_no        integer NOT NULL,
    group_no        integer NOT NULL,
    provenance_no   integer NOT NULL,
    kwh_shifted     real NOT NULL,
    kw_reduction    real NOT NULL,
    peak_before     real,
    peak_after      real,
    par_before      real,
    par_after       real,
    cap_kw          real,
    price_threshold real,
    saving_p10      real NOT NULL,
    saving_p50      real NOT NULL,
    saving_p90      real NOT NULL,
    co2_kg          real,
    confidence      real NOT NULL,
    missing_share   real NOT NULL,
    action          smallint NOT NULL,
    reason          smallint NOT NULL,
    stale           boolean NOT NULL,
    plan            real[],
    factors         real[],
    alternatives    real[],
    binding         smallint[],
    PRIMARY KEY (issued_at, id)
);
-- The id alone is what an address holds.
CREATE INDEX decisions_id ON decisions (id);
CREATE INDEX decisions_meter ON decisions (meter_no, issued_at);
COMMENT ON COLUMN decisions.meter_no IS '0 for a decision about a group';
COMMENT ON COLUMN decisions.plan IS 'change of load per hour from valid_from on, kWh; null if the action is none';
COMMENT ON COLUMN decisions.factors IS 'pairs: code of the factor, weight in the factor''s unit';
COMMENT ON COLUMN decisions.alternatives IS 'triples: action, reason for rejecting it, saving less that of the plan chosen';
COMMENT ON COLUMN decisions.binding IS 'codes of the limits that held the plan back';

CREATE TABLE realised (
    decision_id uuid NOT NULL,
    issued_at   timestamptz NOT NULL,
    revision    integer NOT NULL,
    method      smallint NOT NULL,
    kwh_shifted real,
    kw_reduction real,
    saving      real,
    co2_kg      real,
    known_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issued_at, decision_id, revision)
);
COMMENT ON TABLE realised IS 'what a decision came to once its hours had passed; a corrected reading adds a revision';
COMMENT ON COLUMN realised.method IS '1 simulated (replay), 2 estimated against the forecast frozen at issue (live)';

-- +goose Down
DROP TABLE realised, decisions, provenance;
