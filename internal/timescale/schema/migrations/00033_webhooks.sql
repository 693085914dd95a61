-- +goose Up
CREATE TABLE webhooks (
    id         uuid NOT NULL,
    version    integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    deleted    boolean NOT NULL,
    sealed     bytea NOT NULL,
    PRIMARY KEY (id, version)
);
COMMENT ON TABLE webhooks IS 'settings of webhooks; of the versions of one the greatest counts';
COMMENT ON COLUMN webhooks.changed_by IS 'name of the API key';
COMMENT ON COLUMN webhooks.deleted IS 'the webhook ends with this version';
COMMENT ON COLUMN webhooks.sealed IS 'name, address, filters and secrets, encrypted by a key that only the API knows: a row that it did not make counts for nothing';

CREATE TABLE webhook_states (
    webhook_id        uuid PRIMARY KEY,
    off_since         timestamptz,
    off_why           text,
    failing_since     timestamptz,
    failures          integer NOT NULL DEFAULT 0,
    next_at           timestamptz NOT NULL DEFAULT '-infinity',
    last_delivered_at timestamptz,
    dropped           bigint NOT NULL DEFAULT 0,
    reset_due         boolean NOT NULL DEFAULT false,
    leased_by         uuid,
    leased_until      timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE webhook_states IS 'how webhooks are doing';
COMMENT ON COLUMN webhook_states.off_why IS 'user, failing or gone';
COMMENT ON COLUMN webhook_states.failures IS 'failed attempts since the last delivery';
COMMENT ON COLUMN webhook_states.next_at IS 'before it nothing is tried';
COMMENT ON COLUMN webhook_states.dropped IS 'events that found no room in webhook_messages';
COMMENT ON COLUMN webhook_states.reset_due IS 'events are missing, and the receiver is to be sent a reset';
COMMENT ON COLUMN webhook_states.leased_by IS 'the API process that delivers, until leased_until';

CREATE TABLE webhook_messages (
    webhook_id uuid NOT NULL,
    id         text NOT NULL,
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    type       text NOT NULL,
    events     integer NOT NULL,
    bytes      integer NOT NULL,
    body       bytea NOT NULL,
    seal       bytea NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    first_at   timestamptz,
    next_at    timestamptz,
    done_at    timestamptz,
    delivered  boolean NOT NULL DEFAULT false,
    tries      jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (webhook_id, id)
);
CREATE INDEX webhook_messages_seq ON webhook_messages (webhook_id, seq);
CREATE INDEX webhook_messages_pending ON webhook_messages (webhook_id, next_at) WHERE next_at IS NOT NULL;
COMMENT ON TABLE webhook_messages IS 'what the receivers of webhooks are sent, and the newest that was sent';
COMMENT ON COLUMN webhook_messages.bytes IS 'of the body';
COMMENT ON COLUMN webhook_messages.seal IS 'HMAC of webhook, id and body: a message without it is not sent';
COMMENT ON COLUMN webhook_messages.next_at IS 'of the next attempt; null: none follows';
COMMENT ON COLUMN webhook_messages.done_at IS 'when it was delivered or given up';
COMMENT ON COLUMN webhook_messages.tries IS 'the newest attempts: at, millis, status of HTTP, error';

CREATE TABLE webhook_position (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    places text[] NOT NULL
);
COMMENT ON TABLE webhook_position IS 'how far the live stream has been turned into messages of webhooks';
COMMENT ON COLUMN webhook_position.places IS 'by partition, the id of the last event';

-- +goose Down
DROP TABLE webhook_position;
DROP TABLE webhook_messages;
DROP TABLE webhook_states;
DROP TABLE webhooks;
