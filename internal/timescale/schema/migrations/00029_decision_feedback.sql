-- +goose Up
-- What people answer to decisions. Every answer is kept: the newest version counts.
CREATE TABLE decision_feedback (
    decision_id uuid NOT NULL,
    version     integer NOT NULL,
    verdict     text NOT NULL CHECK (verdict IN ('accepted', 'rejected', 'snoozed', 'followed')),
    until       timestamptz,
    comment     text NOT NULL DEFAULT '',
    given_by    text NOT NULL,
    given_at    timestamptz NOT NULL DEFAULT now(),
    meter_no    integer NOT NULL,
    group_no    integer NOT NULL,
    valid_from  timestamptz NOT NULL,
    PRIMARY KEY (decision_id, version)
);
CREATE INDEX decision_feedback_valid_from ON decision_feedback (valid_from);
COMMENT ON TABLE decision_feedback IS 'what people answered to a decision; of its versions the newest counts';
COMMENT ON COLUMN decision_feedback.until IS 'of snoozed: when to show the decision again';
COMMENT ON COLUMN decision_feedback.given_by IS 'name of the API key';
COMMENT ON COLUMN decision_feedback.meter_no IS 'with group_no and valid_from: those of the decision, so that counts need not read it';

-- +goose Down
DROP TABLE decision_feedback;
