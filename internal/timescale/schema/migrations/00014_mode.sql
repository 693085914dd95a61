-- +goose Up
ALTER TABLE provenance ADD COLUMN mode text NOT NULL DEFAULT 'Advisory';
COMMENT ON COLUMN provenance.mode IS 'Advisory, or Shadow for decisions that are not for action; those of before the column existed count as Advisory';

-- +goose Down
ALTER TABLE provenance DROP COLUMN mode;
