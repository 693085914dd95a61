package api

import (
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// unreachable reports whether an error means that the database does not answer
// for now, rather than that the question was wrong.
func unreachable(err error) bool {
	var dial *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &dial), errors.As(err, &network):
		return true
	case errors.As(err, &pg):
		// Connection exceptions, and the server starting or stopping.
		return pg.Code[:2] == "08" || pg.Code[:2] == "57" && pg.Code != "57014" || pg.Code == "53300"
	}
	return false
}
