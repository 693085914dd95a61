-- +goose Up
CREATE TABLE dataset_report (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    report json NOT NULL
);
COMMENT ON TABLE dataset_report IS 'how the generator read the file of readings, and the rows that it rejected; at most one row';

-- +goose Down
DROP TABLE dataset_report;
