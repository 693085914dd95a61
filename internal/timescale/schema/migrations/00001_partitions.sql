-- +goose Up

-- One row, made when the schema is made. `id` changes when the database turns
-- out to be another one than the one it was made in (see place), which is how
-- a restore is noticed.
CREATE TABLE incarnation (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    id    uuid NOT NULL DEFAULT gen_random_uuid(),
    place text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN incarnation.place IS 'cluster, timeline and database that id was drawn in';
INSERT INTO incarnation DEFAULT VALUES;

-- How far each partition of the stream has been written, and who may write it.
CREATE TABLE stream_offsets (
    partition   integer PRIMARY KEY,
    epoch       bigint NOT NULL DEFAULT 0,
    next_offset bigint NOT NULL DEFAULT 0,
    last_hash   bigint NOT NULL DEFAULT 0,
    watermark   timestamptz,
    owner       text NOT NULL DEFAULT '',
    taken_at    timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    messages    bigint NOT NULL DEFAULT 0,
    stored      bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    duplicates  bigint NOT NULL DEFAULT 0,
    corrections bigint NOT NULL DEFAULT 0,
    late        bigint NOT NULL DEFAULT 0,
    forecasts   bigint NOT NULL DEFAULT 0,
    decisions   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20); -- updated by every batch: room for versions within the page
COMMENT ON COLUMN stream_offsets.epoch IS 'raised when a processor takes the partition; batches of an older epoch are refused';
COMMENT ON COLUMN stream_offsets.last_hash IS 'hash of the record at next_offset - 1 (unsigned 64 bits)';
COMMENT ON COLUMN stream_offsets.watermark IS 'event time up to which models have advanced; null before the first reading';

-- The specification that holds from an offset on.
CREATE TABLE spec_revisions (
    partition   integer NOT NULL,
    from_offset bigint NOT NULL,
    spec_hash   text NOT NULL,
    spec        jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, from_offset)
);

CREATE TABLE quarantine (
    partition     integer NOT NULL,
    stream_offset bigint NOT NULL,
    reason        text NOT NULL,
    detail        text NOT NULL,
    key           bytea NOT NULL,
    value         bytea NOT NULL,
    known_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, stream_offset)
);
CREATE INDEX quarantine_known_at ON quarantine (known_at, partition, stream_offset);
COMMENT ON COLUMN quarantine.value IS 'original bytes of the message';

-- What is yet to be announced: to the dead-letter and decisions topics and to
-- the live stream. Relayed entries are deleted.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition     integer NOT NULL,
    batch_offset  bigint NOT NULL,
    number        integer NOT NULL,
    kind          smallint NOT NULL,
    ts            timestamptz,
    from_offset   bigint NOT NULL,
    to_offset     bigint NOT NULL,
    claimed_until timestamptz,
    known_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN outbox.batch_offset IS 'next offset of the batch; with number it orders what a partition announces';
COMMENT ON COLUMN outbox.kind IS '1 decisions issued at ts, 2 quarantined messages from_offset to to_offset, 3 load of groups at ts';
COMMENT ON COLUMN outbox.claimed_until IS 'a relay is at work on it until then';

-- +goose Down
DROP TABLE outbox, quarantine, spec_revisions, stream_offsets, incarnation;
