-- +goose Up
-- What was sent to the API at once. A row is made before its readings are published, so that
-- the same request, after whatever failed, publishes only what the stream lacks.
CREATE TABLE ingest_batches (
    id              uuid PRIMARY KEY,
    caller          text NOT NULL,
    idempotency_key text,
    body_hash       bytea NOT NULL,
    received_at     timestamptz NOT NULL,
    claim           integer NOT NULL DEFAULT 1,
    claimed_until   timestamptz NOT NULL,
    log_ends        bigint[] NOT NULL,
    published_at    timestamptz,
    partitions      integer[],
    first_offsets   bigint[],
    next_offsets    bigint[],
    answer          jsonb
);
CREATE UNIQUE INDEX ingest_batches_key ON ingest_batches (caller, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX ingest_batches_received_at ON ingest_batches (received_at);
COMMENT ON TABLE ingest_batches IS 'readings that were sent to the API at once; maintenance deletes rows after a week';
COMMENT ON COLUMN ingest_batches.caller IS 'name of the API key: callers do not share idempotency keys';
COMMENT ON COLUMN ingest_batches.body_hash IS 'SHA-256 of the body and of how it is read';
COMMENT ON COLUMN ingest_batches.received_at IS 'readings of later times were rejected as of the future, at each attempt';
COMMENT ON COLUMN ingest_batches.claim IS 'raised when another request goes on with the publication; the older one then records nothing';
COMMENT ON COLUMN ingest_batches.claimed_until IS 'a request is at work on it until then, unless it is published';
COMMENT ON COLUMN ingest_batches.log_ends IS 'by partition, an offset before which nothing of the batch is in the stream';
COMMENT ON COLUMN ingest_batches.partitions IS 'with first_offsets and next_offsets: the stretches of the stream that hold the batch, from the first to before the next';
COMMENT ON COLUMN ingest_batches.answer IS 'counts, rejected rows and findings, as they were answered';

-- +goose Down
DROP TABLE ingest_batches;
