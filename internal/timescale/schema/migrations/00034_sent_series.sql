-- +goose Up
-- Prices, carbon intensities and temperatures that were sent to the API.
CREATE TABLE series_revisions (
    revision        bigint PRIMARY KEY,
    series          text NOT NULL CHECK (series IN ('price', 'carbon', 'temperature')),
    currency        text NOT NULL DEFAULT '',
    hours           integer[] NOT NULL,
    hour_values      double precision[] NOT NULL,
    caller          text NOT NULL,
    idempotency_key text,
    body_hash       bytea NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (cardinality(hours) = cardinality(hour_values))
);
CREATE UNIQUE INDEX series_revisions_key ON series_revisions (caller, idempotency_key) WHERE idempotency_key IS NOT NULL;
COMMENT ON TABLE series_revisions IS 'values that were sent to the API at once; of an hour the newest revision counts, and it goes before a file or the tariff';
COMMENT ON COLUMN series_revisions.revision IS 'from 1, in the order in which they were stored';
COMMENT ON COLUMN series_revisions.currency IS 'of prices; they do not count under a tariff in another one';
COMMENT ON COLUMN series_revisions.hours IS 'hours since 1970 of which the revision changes what was sent';
COMMENT ON COLUMN series_revisions.hour_values IS 'of each hour, in currency per kWh, kg CO2 per kWh or °C; null withdraws what was sent of it before';
COMMENT ON COLUMN series_revisions.caller IS 'name of the API key: callers do not share idempotency keys';
COMMENT ON COLUMN series_revisions.body_hash IS 'SHA-256 of the series and the values that were sent, changed or not';

CREATE TABLE series_uses (
    partition   integer NOT NULL,
    revision    bigint NOT NULL REFERENCES series_revisions,
    from_offset bigint NOT NULL,
    watermark   timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, revision)
);
COMMENT ON TABLE series_uses IS 'from which offset on a partition is processed with a revision of the series; written before any row that rests on it';
COMMENT ON COLUMN series_uses.watermark IS 'of the partition then: plans issued later rest on the revision; null for none';

ALTER TABLE partition_loads ADD COLUMN series_revision bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN partition_loads.series_revision IS 'of the series that were sent; 0 for none';
ALTER TABLE provenance ADD COLUMN series_revision bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN provenance.series_revision IS 'of the series that were sent; 0 for none';

-- +goose Down
ALTER TABLE provenance DROP COLUMN series_revision;
ALTER TABLE partition_loads DROP COLUMN series_revision;
DROP TABLE series_uses, series_revisions;
