-- +goose Up

-- Of which hours a meter has a reading, kept with its newest one: the hours that are
-- missing of the last day of 100,000 meters are 2.4 million rows of readings.
ALTER TABLE meter_state
    ADD COLUMN recent_to      integer,
    ADD COLUMN recent         bigint NOT NULL DEFAULT 0,
    ADD COLUMN recent_suspect bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN meter_state.recent_to IS 'newest hour with a row of readings, suspect or not, in hours since 1970';
COMMENT ON COLUMN meter_state.recent IS 'bit n is set if there is a row of the hour n before recent_to, for 63 hours';
COMMENT ON COLUMN meter_state.recent_suspect IS 'bit n is set if that row is suspect';

-- Of a meter so far ahead of its partition that recent does not reach back a day before
-- mark, which is rare: the 24 hours up to mark as bits, that of mark the lowest one. A
-- function, and one that is called cheap, so that the plans of lists are made for the many
-- meters that need no readings.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION last_day_bits(no integer, mark timestamptz, suspect boolean) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 AS $$
BEGIN
    RETURN coalesce((
        SELECT bit_or(1::bigint << n) FROM generate_series(0, 23) n
        JOIN readings r ON r.ts = mark - n * interval '1 hour' AND r.meter_no = no AND r.channel = 0 AND (r.quality >= 4) = suspect), 0);
END $$;
-- +goose StatementEnd

WITH rows AS (
    SELECT r.meter_no, (extract(epoch FROM r.ts) / 3600)::integer AS h, r.quality >= 4 AS suspect
    FROM readings r
    WHERE r.channel = 0 AND r.ts > (SELECT min(watermark) FROM stream_offsets) - interval '63 hours'),
tops AS (SELECT meter_no, max(h) AS top FROM rows GROUP BY meter_no),
bits AS (
    SELECT meter_no, top, bit_or(1::bigint << top - h) AS known, coalesce(bit_or(1::bigint << top - h) FILTER (WHERE suspect), 0) AS suspect
    FROM rows JOIN tops USING (meter_no) WHERE h > top - 63 GROUP BY meter_no, top)
UPDATE meter_state s SET recent_to = b.top, recent = b.known, recent_suspect = b.suspect
FROM bits b WHERE b.meter_no = s.meter_no;

-- +goose Down
DROP FUNCTION last_day_bits;
ALTER TABLE meter_state DROP COLUMN recent_suspect, DROP COLUMN recent, DROP COLUMN recent_to;
