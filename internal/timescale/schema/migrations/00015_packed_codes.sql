-- +goose Up

-- Codes leave the arrays of numbers. A compressed chunk is unpacked first, or the
-- update would leave its rows beside it for good; maintenance compresses it again.
SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
-- +goose StatementBegin
DO $$
BEGIN
    IF to_regclass('timescaledb_information.chunks') IS NOT NULL THEN
        PERFORM decompress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)
        FROM timescaledb_information.chunks
        WHERE hypertable_schema = current_schema() AND hypertable_name = 'decisions' AND is_compressed;
    END IF;
END $$;
-- +goose StatementEnd

-- Elements of v whose place among each step of them is in places, counted from 0;
-- null for none.
-- +goose StatementBegin
CREATE FUNCTION pg_temp.pick(v real[], step int, VARIADIC places int[]) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(x ORDER BY i) FROM unnest(v) WITH ORDINALITY u(x, i)
    WHERE (i - 1) % step = ANY (places) AND i <= cardinality(v) / step * step
$$;
-- +goose StatementEnd

-- Plan items of version 1: action, saving, and three lists behind their lengths.
-- Codes are the action and the three lengths of each, amounts the rest.
-- +goose StatementBegin
CREATE FUNCTION pg_temp.items(parts real[], OUT codes smallint[], OUT amounts real[]) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    i int := 1;
    n int;
BEGIN
    WHILE i + 2 <= cardinality(parts) LOOP
        codes := codes || parts[i]::smallint;
        amounts := amounts || parts[i + 1];
        i := i + 2;
        FOR list IN 1..3 LOOP
            n := greatest(least(coalesce(parts[i], 0)::int, cardinality(parts) - i), 0);
            codes := codes || n::smallint;
            amounts := amounts || parts[i + 1 : i + n];
            i := i + 1 + n;
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE decisions
    ADD COLUMN packed_version smallint NOT NULL DEFAULT 2,
    ADD COLUMN factor_codes smallint[],
    ADD COLUMN alternative_codes smallint[],
    ADD COLUMN items smallint[],
    ADD COLUMN amounts real[];
UPDATE decisions SET
    factor_codes = pg_temp.pick(factors, 2, 0)::smallint[],
    alternative_codes = pg_temp.pick(alternatives, 3, 0, 1)::smallint[],
    items = (pg_temp.items(parts)).codes,
    amounts = pg_temp.pick(factors, 2, 1) || pg_temp.pick(alternatives, 3, 2) || (pg_temp.items(parts)).amounts
WHERE factors IS NOT NULL OR alternatives IS NOT NULL OR parts IS NOT NULL;
ALTER TABLE decisions DROP COLUMN factors, DROP COLUMN alternatives, DROP COLUMN parts;
ALTER TABLE decisions RENAME COLUMN factor_codes TO factors;
ALTER TABLE decisions RENAME COLUMN alternative_codes TO alternatives;
DROP FUNCTION pg_temp.pick, pg_temp.items; -- the connection may outlive the migration
-- Whoever writes a row states its version.
ALTER TABLE decisions ALTER COLUMN packed_version DROP DEFAULT;

COMMENT ON COLUMN decisions.packed_version IS 'version of the layout of the columns that follow: docs/reference/formats.md';
COMMENT ON COLUMN decisions.factors IS 'codes of the factors';
COMMENT ON COLUMN decisions.alternatives IS 'pairs: action, reason for its rejection';
COMMENT ON COLUMN decisions.binding IS 'codes of the limits that constrained the plan';
COMMENT ON COLUMN decisions.items IS 'with devices behind the meter, of each plan item: action, and the numbers of hours of its plan, of the value of a stored kWh, and of its load if it is served at once';
COMMENT ON COLUMN decisions.amounts IS 'weight of each factor in its unit; saving of each alternative less that of the chosen plan; of each plan item its saving and the hours that it counts';

-- +goose Down
SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
-- +goose StatementBegin
CREATE FUNCTION pg_temp.parts(codes smallint[], amounts real[], OUT parts real[]) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    i int := 1;
    a int := 1;
BEGIN
    WHILE i + 3 <= cardinality(codes) LOOP
        parts := parts || codes[i]::real || amounts[a];
        a := a + 1;
        FOR list IN 1..3 LOOP
            parts := parts || codes[i + list]::real || amounts[a : a + codes[i + list] - 1];
            a := a + codes[i + list];
        END LOOP;
        i := i + 4;
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE decisions
    ADD COLUMN factor_pairs real[],
    ADD COLUMN alternative_triples real[],
    ADD COLUMN parts real[];
UPDATE decisions SET
    factor_pairs = (SELECT array_agg(x ORDER BY i, k) FROM unnest(factors) WITH ORDINALITY u(code, i),
        LATERAL (VALUES (1, code::real), (2, amounts[i])) v(k, x)),
    alternative_triples = (SELECT array_agg(x ORDER BY i, k) FROM generate_series(1, cardinality(alternatives) / 2) i,
        LATERAL (VALUES (1, alternatives[2 * i - 1]::real), (2, alternatives[2 * i]::real), (3, amounts[coalesce(cardinality(factors), 0) + i])) v(k, x)),
    parts = pg_temp.parts(items, amounts[1 + coalesce(cardinality(factors), 0) + coalesce(cardinality(alternatives), 0) / 2 :])
WHERE factors IS NOT NULL OR alternatives IS NOT NULL OR items IS NOT NULL;
ALTER TABLE decisions DROP COLUMN packed_version, DROP COLUMN factors, DROP COLUMN alternatives, DROP COLUMN items, DROP COLUMN amounts;
ALTER TABLE decisions RENAME COLUMN factor_pairs TO factors;
ALTER TABLE decisions RENAME COLUMN alternative_triples TO alternatives;
DROP FUNCTION pg_temp.parts;
