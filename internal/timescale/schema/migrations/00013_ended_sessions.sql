-- +goose Up
CREATE TABLE ended_sessions (
    id      uuid PRIMARY KEY,
    ends_at timestamptz NOT NULL
);
COMMENT ON TABLE ended_sessions IS 'sessions of the page that were signed out before their time';
COMMENT ON COLUMN ended_sessions.id IS 'of the token, its claim jti';
COMMENT ON COLUMN ended_sessions.ends_at IS 'when the token expires; maintenance deletes the row then';

-- +goose Down
DROP TABLE ended_sessions;
