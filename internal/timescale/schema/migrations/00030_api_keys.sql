-- +goose Up
CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    scope      text NOT NULL CHECK (scope IN ('read', 'operate', 'admin')),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    replaces   uuid,
    seal       bytea NOT NULL
);
COMMENT ON TABLE api_keys IS 'API keys that were created over the API; those of the Secret are not here';
COMMENT ON COLUMN api_keys.hash IS 'SHA-256 of the key, which itself is kept nowhere';
COMMENT ON COLUMN api_keys.created_by IS 'name of the key by which it was created, or "database" for the command';
COMMENT ON COLUMN api_keys.expires_at IS 'null: never';
COMMENT ON COLUMN api_keys.replaces IS 'the key that was rotated into this one';
COMMENT ON COLUMN api_keys.seal IS 'HMAC of the row by the secret that signs sessions: a row without it lets nobody in';

CREATE TABLE api_key_endings (
    id          uuid PRIMARY KEY,
    key_id      uuid NOT NULL,
    ends_at     timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    ended_by    text NOT NULL,
    seal        bytea NOT NULL
);
CREATE INDEX api_key_endings_key ON api_key_endings (key_id);
COMMENT ON TABLE api_key_endings IS 'API keys that were revoked, or that end after they were rotated';
COMMENT ON COLUMN api_key_endings.ends_at IS 'from when the key lets nobody in; 1970 is at once, whatever the clock of a replica shows';
COMMENT ON COLUMN api_key_endings.seal IS 'HMAC of the row, as for api_keys: a row without it ends nothing';

CREATE TABLE api_key_uses (
    key_id  text PRIMARY KEY,
    used_at timestamptz NOT NULL
);
COMMENT ON TABLE api_key_uses IS 'when an API key was last used, to a minute';
COMMENT ON COLUMN api_key_uses.key_id IS 'id of api_keys, or "secret." and the name of a key of the Secret';

-- +goose Down
DROP TABLE api_key_uses;
DROP TABLE api_key_endings;
DROP TABLE api_keys;
