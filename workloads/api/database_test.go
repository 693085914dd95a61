package api

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// makeReader makes the role that the API of a managed database connects as, with
// the rights that the database's scripts give it.
func makeReader(ctx context.Context, database string) error {
	conn, err := pgx.Connect(ctx, withoutPool(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'twin_reader') THEN CREATE ROLE twin_reader; END IF;
		END $$;
		GRANT USAGE ON SCHEMA public TO twin_reader;
		ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO twin_reader`, pgx.QueryExecModeSimpleProtocol)
	return err
}

// openAsReader opens the store with the reader's rights.
func openAsReader(ctx context.Context) (*reader.DB, error) {
	u, err := url.Parse(storeURL)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("role", "twin_reader")
	u.RawQuery = q.Encode()
	return reader.Open(ctx, u.String(), timescale.Options{})
}

// withoutPool is a URL without the settings of a pool, which a connection does
// not know.
func withoutPool(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return database
	}
	q := u.Query()
	for key := range q {
		if strings.HasPrefix(key, "pool_") {
			q.Del(key)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// freshDatabase makes an empty database on a server and gives its URL.
func freshDatabase(ctx context.Context, server string) (string, error) {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := "api" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		return "", err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
