-- +goose Up
CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    holder      text NOT NULL,
    fingerprint text NOT NULL,
    since       timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    seal        bytea NOT NULL
);
CREATE INDEX sessions_holder ON sessions (holder);
COMMENT ON TABLE sessions IS 'browsers that have signed in, for people to see; whether a session is still good, ended_sessions decides';
COMMENT ON COLUMN sessions.id IS 'of the token, its claim jti';
COMMENT ON COLUMN sessions.name IS 'of the API key, or "oidc:" and the name of the person';
COMMENT ON COLUMN sessions.holder IS 'id of the API key, or of the person at the issuer';
COMMENT ON COLUMN sessions.fingerprint IS 'of the API key or the issuer that the session was given for: it ends with it';
COMMENT ON COLUMN sessions.expires_at IS 'when the token expires; maintenance deletes the row then';
COMMENT ON COLUMN sessions.seen_at IS 'when the session was last used, to a minute';
COMMENT ON COLUMN sessions.seal IS 'HMAC of the row by the secret that signs sessions: a row without it is not shown';

-- +goose Down
DROP TABLE sessions;
