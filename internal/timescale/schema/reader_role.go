package schema

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// readerRole is the role of a managed database under which the API and Grafana
// read. In a database that somebody else manages it need not exist.
const readerRole = "twin_reader"

// grantReader gives the reader's role its rights. That it may read every table is among
// the default privileges of the database. A dump that is restored brings no privileges, so
// they are granted at each migration.
func grantReader(ctx context.Context, conn *pgx.Conn) error {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, readerRole).Scan(&exists); err != nil || !exists {
		return err
	}
	for _, right := range readerRights() {
		if _, err := conn.Exec(ctx, `GRANT `+right+` TO `+readerRole); err != nil {
			return err
		}
	}
	return nil
}

// readerRights are what the reader's role may do beside reading.
func readerRights() []string {
	return []string{
		`INSERT ON ended_sessions`,
		`INSERT, UPDATE (seen_at) ON sessions`, // whose rows are shown only with the seal of the API
		`INSERT ON decision_feedback`,
		`INSERT ON series_revisions`,
		`INSERT ON ingest_batches`,
		`UPDATE (claim, claimed_until, published_at, partitions, first_offsets, next_offsets, answer) ON ingest_batches`,
		`INSERT ON api_keys, api_key_endings`, // whose rows count only with the seal of the API
		`INSERT, UPDATE (used_at) ON api_key_uses`,
		`INSERT ON webhooks`, // likewise: they are encrypted
		`INSERT, DELETE, UPDATE (off_since, off_why, failing_since, failures, next_at, last_delivered_at, dropped, reset_due, leased_by, leased_until) ON webhook_states`,
		`INSERT, DELETE, UPDATE (attempts, first_at, next_at, done_at, delivered, tries) ON webhook_messages`,
		`INSERT, UPDATE (places) ON webhook_position`,
	}
}
