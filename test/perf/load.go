package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/stream"
)

// The plain loader is what one would write who only wants the readings in a
// table: fetch, encoding/json, COPY, one goroutine and one connection for each
// partition. It is made to be fast: it shares the processor's fetch, parses no
// more of a message than it stores, and encodes COPY's binary rows itself.

// loadTable is the loader's table.
const loadTable = `CREATE TABLE readings (
	ts    timestamptz NOT NULL,
	meter text NOT NULL,
	kwh   real NOT NULL,
	PRIMARY KEY (ts, meter))`

const loadCopy = `COPY readings (ts, meter, kwh) FROM STDIN BINARY`

// loadedReading is what the loader stores of a message.
type loadedReading struct {
	Meter string    `json:"meter"`
	TS    time.Time `json:"ts"`
	KWh   float32   `json:"kwh"`
}

func newLoadCommand() *cobra.Command {
	var brokers []string
	var topic, database string
	cmd := &cobra.Command{
		Use: "load", Short: "Run the plain loader on a filled topic", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return eachPartition(cmd.Context(), cmd.OutOrStdout(), brokers, topic, func(ctx context.Context, r *partitionRun) error {
				return loadPartition(ctx, database, r)
			})
		},
	}
	cmd.Flags().StringSliceVar(&brokers, "broker", nil, "Kafka broker")
	cmd.Flags().StringVar(&topic, "topic", "", "topic to read")
	cmd.Flags().StringVar(&database, "database", "", "URL of a database that has the loader's table")
	return cmd
}

func loadPartition(ctx context.Context, database string, r *partitionRun) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var rows copyBuffer
	return r.fetchAll(ctx, func(batch *stream.Batch) (int, error) {
		rows.begin()
		n := 0
		var one loadedReading
		for rec := (stream.Record{}); batch.Next(&rec); n++ {
			one.Meter = ""
			if err := json.Unmarshal(rec.Value, &one); err != nil {
				return n, fmt.Errorf("offset %d: %w", rec.Offset, err)
			}
			if one.Meter == "" { // a watermark
				continue
			}
			rows.row(3)
			rows.time(one.TS)
			rows.text(one.Meter)
			rows.float4(one.KWh)
		}
		if err := batch.Err(); err != nil || n == 0 {
			return n, err
		}
		_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows.end()), loadCopy)
		return n, err
	})
}

// copyBuffer is a binary COPY in memory: see "COPY, Binary Format" in
// PostgreSQL's documentation.
type copyBuffer struct{ b []byte }

// postgresEpoch is PostgreSQL's zero of time, in seconds since 1970.
const postgresEpoch = 946_684_800

func (c *copyBuffer) begin() {
	const signature, flags, extension = "PGCOPY\n\xff\r\n\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x00"
	c.b = append(c.b[:0], signature+flags+extension...)
}

func (c *copyBuffer) row(columns uint16) { c.b = binary.BigEndian.AppendUint16(c.b, columns) }

func (c *copyBuffer) time(t time.Time) {
	c.b = binary.BigEndian.AppendUint32(c.b, 8)
	c.b = binary.BigEndian.AppendUint64(c.b, uint64(t.UnixMicro()-postgresEpoch*1_000_000))
}

func (c *copyBuffer) text(s string) {
	c.b = binary.BigEndian.AppendUint32(c.b, uint32(len(s)))
	c.b = append(c.b, s...)
}

func (c *copyBuffer) float4(v float32) { c.int4(math.Float32bits(v)) }

func (c *copyBuffer) int4(v uint32) {
	c.b = binary.BigEndian.AppendUint32(c.b, 4)
	c.b = binary.BigEndian.AppendUint32(c.b, v)
}

func (c *copyBuffer) int2(v uint16) {
	c.b = binary.BigEndian.AppendUint32(c.b, 2)
	c.b = binary.BigEndian.AppendUint16(c.b, v)
}

func (c *copyBuffer) end() []byte { return binary.BigEndian.AppendUint16(c.b, 0xffff) }
