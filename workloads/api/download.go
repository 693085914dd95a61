package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/gate"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// mostFileRows is how many rows of the database one file may rest on: two years of 10,000
// meters. A file takes no more memory if it is longer, but time.
const mostFileRows = 200_000_000

// file is rows that are written while they are read.
type file struct {
	name   string // without its ending
	format table.Format
	row    reflect.Type
	fill   func(ctx context.Context, write func(row any) error) error
}

// download answers with a file. It takes as long as it takes: there is no limit but that
// the caller goes on reading. Few are written at the same time.
func (s *server) download(ctx context.Context, rows int, f *file) (*huma.StreamResponse, error) {
	if rows > mostFileRows {
		return nil, problem.New(http.StatusUnprocessableEntity, problem.CodeTooExpensive, "from",
			fmt.Sprintf("this file rests on some %d rows, and at most %d are read for one; ask for a shorter range", rows, mostFileRows))
	}
	if pass, ok := ctx.Value(passKey{}).(*gate.Pass); ok {
		if err := pass.Move(ctx, s.bulk); err != nil {
			return nil, err
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		hc.SetHeader("Content-Type", contentType(f.format))
		hc.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.name+"."+string(f.format)))
		answerOrCut(c, f.write(hc))
	}}, nil
}

func contentType(f table.Format) string {
	if f == table.CSV {
		return f.MediaType() + "; charset=utf-8"
	}
	return f.MediaType()
}

// patience is how long a caller may leave what was sent unread.
const patience = time.Minute

// rowsBetween is how many rows are written between two looks at the clock.
const rowsBetween = 1_000

func (f *file) write(hc huma.Context) error {
	ctx, done := middleware.Unbounded(hc.Context())
	defer done()
	out, err := table.New(hc.BodyWriter(), f.format, f.row)
	if err != nil {
		return err
	}
	// The limits of the server are those of short answers.
	connection := http.NewResponseController(humagin.Unwrap(hc).Writer)
	if err := supported(connection.SetReadDeadline(time.Time{})); err != nil {
		return err
	}
	more := func() error { return supported(connection.SetWriteDeadline(time.Now().Add(patience))) }
	rows := 0
	err = f.fill(ctx, func(row any) error {
		if rows%rowsBetween == 0 {
			if err := more(); err != nil {
				return err
			}
		}
		rows++
		return out.Write(row)
	})
	if err := errors.Join(err, more()); err != nil {
		return err
	}
	return out.Close()
}

// supported forgives what has no connection, such as the recorder of a test.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// answerOrCut answers with a problem as long as nothing has been sent; afterwards the
// connection is cut, as half an answer would look like a whole one.
func answerOrCut(c *gin.Context, err error) {
	if err == nil {
		return
	}
	if !middleware.Restart(c.Writer) {
		panic(http.ErrAbortHandler)
	}
	c.Writer.Header().Del("Content-Disposition")
	problem.AbortWith(c, err)
}

// jsonOrFile answers with JSON where the operation may answer with a file as well.
func jsonOrFile(body any) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		body, err := pickFields(hc, "", body)
		answerOrCut(humagin.Unwrap(hc), errors.Join(err, writeJSON(hc.BodyWriter(), body)))
	}}
}

// writeJSON writes a body on a line of its own.
func writeJSON(w io.Writer, body any) error {
	own, has := body.(interface {
		AppendJSON(dst []byte) ([]byte, error)
	})
	if !has {
		return huma.DefaultJSONFormat.Marshal(w, body)
	}
	text, err := own.AppendJSON(nil)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// nameWith is what a file holds, and of what if that is given.
func nameWith(what, of string) string {
	if of == "" {
		return what
	}
	return what + "-" + of
}

// fileName is what a file is called: the twin, what it holds, and its range of time.
func (s *server) fileName(of string, w params.HourRange) string {
	day := func(h meter.Hour) string { return s.calendar.Local(h).Format(time.DateOnly) }
	return plainText(fmt.Sprintf("%s-%s-%s-%s", s.twin.Name, of, day(w.From), day(w.To-1)))
}

// plainText leaves of a text what may stand in the name of a file anywhere.
func plainText(text string) string {
	out := []byte(text)
	for i, b := range out {
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '-', b == '_', b == '.':
		default:
			out[i] = '_'
		}
	}
	return string(out)
}

// fileResponses documents that an operation answers with a file, or with JSON of the type
// body if that is given.
func fileResponses(api huma.API, body reflect.Type) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	if body != nil {
		content["application/json"] = &huma.MediaType{Schema: api.OpenAPI().Components.Schemas.Schema(body, true, "")}
	}
	for _, f := range table.Formats() {
		schema := &huma.Schema{Type: huma.TypeString}
		if f == table.Parquet {
			schema.ContentEncoding = "binary"
		}
		content[f.MediaType()] = &huma.MediaType{Schema: schema}
	}
	return map[string]*huma.Response{"200": {Description: "OK", Content: content}}
}
