package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

func testStore(t *testing.T) *reader.DB {
	ctx := context.Background()
	server, err := embedded.Postgres(ctx, embedded.PostgresOptions{Ephemeral: true})
	if err != nil {
		t.Skipf("no PostgreSQL here: %v", err)
	}
	t.Cleanup(func() { _ = server.Stop(ctx) })
	require.NoError(t, schema.Migrate(ctx, server.URL, schema.MigrateOptions{}))
	db, err := reader.Open(ctx, server.URL, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// killed is a store that loses the process's connection when it would record what is
// published, which is what a kill in the middle of a publication looks like to others.
type killed struct {
	*reader.DB
	after func() error
}

func (k killed) BatchPublished(ctx context.Context, p reader.PublishedBatch) (bool, error) {
	if err := k.after(); err != nil {
		return false, err
	}
	return k.DB.BatchPublished(context.WithoutCancel(ctx), p) // so that the claim decides, not the time
}

func linesRequest(key, lines string) *Request {
	return &Request{
		Caller: "meter-office", Key: key, Print: sha256.Sum256([]byte(lines)),
		Read: func(_ context.Context, in *Intake) error { return in.Lines([]byte(lines)) },
	}
}

func newReceiver(c *stream.Client, store Store, lease time.Duration) *Receiver {
	r := NewReceiver(NewRules(testTwin()), c, store, func() time.Time { return testNow })
	r.Lease = lease
	return r
}

func TestAKeyIsPublishedOnce(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	lines := message("m", "", "2026-01-01T00:00:00Z", 1) + "\nbroken\n"
	one, two := newReceiver(c, db, Lease), newReceiver(c, db, Lease)
	first, err := one.Receive(t.Context(), linesRequest("k", lines))
	require.NoError(t, err)
	require.Equal(t, 1, first.Answer.Accepted)
	require.Equal(t, "malformed", first.Answer.Rejections[0].Code)
	require.False(t, first.Repeated)

	again, err := two.Receive(t.Context(), linesRequest("k", lines))
	require.NoError(t, err)
	require.True(t, again.Repeated)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, first.Answer, again.Answer)
	require.Equal(t, map[string]int{message("m", "", "2026-01-01T00:00:00Z", 1): 1, "broken": 1}, inLog(t, c))

	_, err = two.Receive(t.Context(), linesRequest("k", lines+lines))
	require.ErrorIs(t, err, ErrKeyReused)
	other := linesRequest("k", lines)
	other.Caller = "somebody else"
	third, err := two.Receive(t.Context(), other)
	require.NoError(t, err)
	require.NotEqual(t, first.ID, third.ID, "callers have keys of their own")

	state, err := db.BatchByID(t.Context(), first.ID)
	require.NoError(t, err)
	require.True(t, state.Published)
	require.False(t, state.Stored, "no processor has read it")
	_, err = db.Pool.Exec(t.Context(), `INSERT INTO stream_offsets (partition, next_offset) SELECT p, 100 FROM generate_series(0, 2) p`)
	require.NoError(t, err)
	_, err = db.Pool.Exec(t.Context(), `INSERT INTO quarantine (partition, stream_offset, reason, detail, key, value)
		SELECT partitions[1], first_offsets[1], 'malformed', 'no JSON', '', 'broken' FROM ingest_batches WHERE id = $1`, first.ID)
	require.NoError(t, err)
	state, err = db.BatchByID(t.Context(), first.ID)
	require.NoError(t, err)
	require.True(t, state.Stored)
	require.EqualValues(t, 1, state.Quarantined)
	quarantine, err := db.BatchQuarantine(t.Context(), first.ID, 3, 10)
	require.NoError(t, err)
	require.Equal(t, []reader.BatchMessage{{Reason: "malformed", Detail: "no JSON", Value: []byte("bro")}}, quarantine)
	_, err = db.BatchByID(t.Context(), uuid.New())
	require.ErrorIs(t, err, reader.ErrNotFound)
}

// A process dies between the publication and its record. The same request, at another
// replica, is rejected while the claim holds, and then answered without publishing again.
func TestAKillInMidPublication(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	lines := manyRows(5_000, 0)
	const lease = 2 * time.Second
	gone := errors.New("killed")
	_, err := newReceiver(c, killed{db, func() error { return gone }}, lease).Receive(t.Context(), linesRequest("k", lines))
	require.ErrorIs(t, err, gone)

	receipt := receiveAtLast(t, newReceiver(c, db, lease), "k", lines)
	require.Equal(t, 5_000, receipt.Answer.Accepted)
	log := inLog(t, c)
	require.Len(t, log, 5_000)
	for value, n := range log {
		require.Equal(t, 1, n, value)
	}
}

// A publication that takes longer than its claim renews it, and nobody takes it over.
func TestALongPublicationKeepsItsClaim(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	lines := manyRows(500, 0)
	const lease = time.Second
	r := newReceiver(c, db, lease)
	batch := claimed(t, r, "k", lines)
	in, extents, err := r.holding(t.Context(), &batch, time.Now(), func(ctx context.Context) (*Intake, []Extent, error) {
		for {
			var outlasts bool
			err := db.Pool.QueryRow(ctx, `SELECT now() > $2 AND claim = 1 FROM ingest_batches WHERE id = $1`, batch.ID, batch.ClaimedUntil).Scan(&outlasts)
			if err != nil || outlasts {
				require.NoError(t, err)
				break
			}
			_, err = newReceiver(c, db, lease).Receive(ctx, linesRequest("k", lines))
			var inProgress *InProgressError
			require.ErrorAs(t, err, &inProgress)
		}
		in := intakeOf(t, lines)
		extents, err := r.Publisher.Publish(ctx, batch.ID, in)
		return in, extents, err
	})
	require.NoError(t, err)
	require.Equal(t, 500, in.Accepted)
	require.NotEmpty(t, extents)
	require.Len(t, inLog(t, c), 500)
}

// claimed is a batch that a receiver has claimed and not published.
func claimed(t *testing.T, r *Receiver, key, lines string) reader.Batch {
	q := linesRequest(key, lines)
	ends, err := r.Publisher.LogEnds(t.Context())
	require.NoError(t, err)
	batch, made, err := r.Store.ClaimBatch(t.Context(),
		reader.NewBatch{ID: uuid.New(), Caller: q.Caller, Key: q.Key, Hash: q.Print, ReceivedAt: testNow, LogEnds: ends}, r.lease())
	require.NoError(t, err)
	require.True(t, made)
	return batch
}

// cutOff is a store that the process does not reach to renew its claims.
type cutOff struct{ *reader.DB }

func (cutOff) RenewBatch(ctx context.Context, _ uuid.UUID, _ int32, _ time.Duration) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

// A process that cannot renew its claim stops sending while the claim still holds, and so
// does one whose batch was taken over.
func TestAPublicationEndsBeforeItsClaim(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	lines := manyRows(10, 0)
	until := func(ctx context.Context) (*Intake, []Extent, error) { <-ctx.Done(); return nil, nil, ctx.Err() }

	r := newReceiver(c, cutOff{db}, Lease)
	batch := claimed(t, r, "cut off", lines)
	_, _, err := r.holding(t.Context(), &batch, time.Now(), until)
	require.ErrorIs(t, err, ErrUnpublished)
	require.ErrorIs(t, err, errClaimLost)
	var holds bool
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT claimed_until > now() FROM ingest_batches WHERE id = $1`, batch.ID).Scan(&holds))
	require.True(t, holds)

	r = newReceiver(c, db, Lease)
	batch = claimed(t, r, "taken over", lines)
	_, err = db.Pool.Exec(t.Context(), `UPDATE ingest_batches SET claim = claim + 1 WHERE id = $1`, batch.ID)
	require.NoError(t, err)
	_, _, err = r.holding(t.Context(), &batch, time.Now(), until)
	require.ErrorIs(t, err, errClaimLost)
}

// receiveAtLast asks again for as long as another claim holds, which it does at first.
func receiveAtLast(t *testing.T, r *Receiver, key, lines string) Receipt {
	met := false
	deadline := time.Now().Add(time.Minute)
	for {
		receipt, err := r.Receive(t.Context(), linesRequest(key, lines))
		var inProgress *InProgressError
		if errors.As(err, &inProgress) && time.Now().Before(deadline) {
			met = true
			continue
		}
		require.NoError(t, err)
		require.True(t, met, "the claim of the other process holds for a while")
		return receipt
	}
}

// A process that was taken for dead records nothing over the one that took over.
func TestALateProcessRecordsNothing(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	const lease = 2 * time.Second
	lines := message("m", "", "2026-01-01T00:00:00Z", 1)
	published, goOn := make(chan struct{}), make(chan struct{})
	late := newReceiver(c, killed{db, func() error { close(published); <-goOn; return nil }}, lease)
	result := make(chan error, 1)
	go func() {
		_, err := late.Receive(context.Background(), linesRequest("k", lines))
		result <- err
	}()
	<-published
	receipt := receiveAtLast(t, newReceiver(c, db, lease), "k", lines)
	close(goOn)
	var inProgress *InProgressError
	require.ErrorAs(t, <-result, &inProgress)
	state, err := db.BatchByID(t.Context(), receipt.ID)
	require.NoError(t, err)
	require.EqualValues(t, 2, state.Claim)
	require.Len(t, inLog(t, c), 1)
}

// Requests with the same key at the same time publish once; the others are rejected or get
// the same answer.
func TestTheSameKeyAtTheSameTime(t *testing.T) {
	db := testStore(t)
	c := inProcess(t)
	lines := strings.TrimSpace(manyRows(500, 0))
	var wg sync.WaitGroup
	ids := make([]uuid.UUID, 8)
	for i := range ids {
		wg.Go(func() {
			receipt, err := newReceiver(c, db, Lease).Receive(context.Background(), linesRequest("k", lines))
			var inProgress *InProgressError
			if !errors.As(err, &inProgress) && err == nil {
				ids[i] = receipt.ID
			}
		})
	}
	wg.Wait()
	first := uuid.Nil
	for _, id := range ids {
		if first == uuid.Nil {
			first = id
		}
		require.True(t, id == uuid.Nil || id == first)
	}
	require.NotEqual(t, uuid.Nil, first)
	require.Len(t, inLog(t, c), 500)
}
