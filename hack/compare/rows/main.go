// Command rows runs one twin with two builds of energytwin and compares all that
// they store. It is for changes that must not change a row:
//
//	git worktree add /tmp/before COMMIT
//	go -C /tmp/before build -o /tmp/energytwin.before ./cmd/energytwin
//	go build -o /tmp/energytwin.after ./cmd/energytwin
//	/tmp/energytwin.after dataset synth --meters 50 --out /tmp/readings.csv
//	go run ./hack/compare/rows -before /tmp/energytwin.before -after /tmp/energytwin.after \
//	    -f config/samples/buildings.yaml -readings /tmp/readings.csv
//
// Each build runs `local` to the end of the replay, at full speed, on a database of
// its own in an embedded PostgreSQL. Numbers of meters, groups and provenance are
// compared by the names that they stand for; columns of the wall clock are left out,
// and so are the stored specification, which names folders of the run, and the queue
// of the relay. The migrations of this checkout are applied to both databases before
// they are read, so that tables and columns have one name and one form. It exits with
// 1 if a row differs, and prints the first rows that do.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// shown is how many differing rows of a table are printed.
const shown = 3

type options struct {
	before, after, twin, readings string
}

func main() {
	o := options{}
	flag.StringVar(&o.before, "before", "", "the earlier build (required)")
	flag.StringVar(&o.after, "after", "", "the later build (required)")
	flag.StringVar(&o.twin, "f", "config/samples/quickstart.yaml", "file with a DigitalTwin")
	flag.StringVar(&o.readings, "readings", "", "file with readings in place of the spec's dataset")
	flag.Parse()
	os.Exit(o.exitCode())
}

func (o *options) exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	same, err := o.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if !same {
		return 1
	}
	return 0
}

func (o *options) run(ctx context.Context) (same bool, err error) {
	if o.before == "" || o.after == "" {
		return false, errors.New("name both builds with -before and -after")
	}
	dir, err := os.MkdirTemp("", "rows-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	server, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	before, err := o.store(ctx, dir, server.URL, "before", o.before)
	if err != nil {
		return false, err
	}
	after, err := o.store(ctx, dir, server.URL, "after", o.after)
	if err != nil {
		return false, err
	}
	return compare(before, after)
}

// store runs a build and writes the rows that it stores into files, by table.
func (o *options) store(ctx context.Context, dir, server, name, build string) (map[string]string, error) {
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	database, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	database.Path = "/" + name
	args := []string{"local", "-f", o.twin, "--speed", "max", "--until-done", "--listen", "127.0.0.1:0", "--database", database.String()}
	if o.readings != "" {
		args = append(args, "--readings", o.readings)
	}
	cmd := exec.CommandContext(ctx, build, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", build, strings.Join(args, " "), err)
	}
	if err := schema.Migrate(ctx, database.String(), schema.MigrateOptions{WithoutTimescale: true}); err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, database.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	return dump(ctx, conn, filepath.Join(dir, name))
}

// skipped are columns that may differ between two runs of one build: see the head.
var skipped = map[string]bool{
	"known_at": true, "updated_at": true, "first_seen": true, "taken_at": true, "recorded_at": true, "settled_at": true, "created_at": true,
	"claimed_until": true, "owner": true, "id": true, "place": true, "image": true, "digest": true, "spec": true, "report": true, "tstamp": true,
	"meter_no": true, "group_no": true, "provenance_no": true,
}

// names are what stands for the numbers of a row.
var names = []struct{ column, sql string }{
	{"meter_no", `(SELECT m.name FROM meters m WHERE m.meter_no = t.meter_no)`},
	{"group_no", `(SELECT g.name FROM groups g WHERE g.group_no = t.group_no)`},
	{"provenance_no", `(SELECT (p.model, p.model_version, p.spec_hash, p.tariff, p.origin)::text FROM provenance p WHERE p.provenance_no = t.provenance_no)`},
}

// queue is what the relay has not announced yet: how much is left when a replay ends
// depends on time.
const queue = "outbox"

// dump writes the rows of all tables, sorted, and returns the files by table.
func dump(ctx context.Context, conn *pgx.Conn, prefix string) (map[string]string, error) {
	rows, err := conn.Query(ctx, `
		SELECT table_name::text, array_agg(column_name::text ORDER BY column_name)
		FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> $1 GROUP BY 1`, queue)
	if err != nil {
		return nil, err
	}
	tables := map[string][]string{}
	var table string
	var columns []string
	if _, err := pgx.ForEachRow(rows, []any{&table, &columns}, func() error {
		tables[table] = columns
		return nil
	}); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for table, columns := range tables {
		files[table] = prefix + "-" + table
		if err := dumpTable(ctx, conn, files[table], table, selected(table, columns)); err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
	}
	return files, nil
}

// selected are the expressions of a table that are compared, in order of their names.
func selected(table string, columns []string) (out []string) {
	for _, c := range columns {
		for _, n := range names {
			if n.column == c {
				out = append(out, n.sql+" AS "+c+"_name")
			}
		}
		if skipped[c] && (c != "id" || table != "decisions") {
			continue
		}
		out = append(out, fmt.Sprintf("t.%q AS %q", c, c))
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return out
}

func nameOf(expression string) string { return expression[strings.LastIndex(expression, " AS ")+4:] }

func dumpTable(ctx context.Context, conn *pgx.Conn, file, table string, columns []string) error {
	f, err := os.Create(file)
	if err != nil || len(columns) == 0 {
		return err
	}
	_, err = conn.PgConn().CopyTo(ctx, f, fmt.Sprintf(
		`COPY (SELECT x::text FROM (SELECT %s FROM %q t) x ORDER BY x::text COLLATE "C") TO STDOUT`, strings.Join(columns, ", "), table))
	return errors.Join(err, f.Close())
}

func compare(before, after map[string]string) (bool, error) {
	tables := maps.Clone(before)
	maps.Copy(tables, after)
	same := true
	for _, t := range slices.Sorted(maps.Keys(tables)) {
		if before[t] == "" || after[t] == "" {
			fmt.Printf("%-20s only one build has it\n", t)
			same = false
			continue
		}
		rows, different, err := compareFiles(before[t], after[t])
		if err != nil {
			return false, err
		}
		if different > 0 {
			same = false
		}
		fmt.Printf("%-20s %9d rows, %d differ\n", t, rows, different)
	}
	return same, nil
}

// compareFiles merges two sorted files and prints the first lines that only one has.
func compareFiles(before, after string) (rows, different int, err error) {
	a, err := os.Open(before)
	if err != nil {
		return 0, 0, err
	}
	defer a.Close()
	b, err := os.Open(after)
	if err != nil {
		return 0, 0, err
	}
	defer b.Close()
	x, y := lines(a), lines(b)
	left, right := x(), y()
	only := func(sign, line string) {
		if different++; different <= shown {
			fmt.Println(sign, line)
		}
	}
	for left != "" || right != "" {
		switch {
		case left == right:
			rows++
			left, right = x(), y()
		case right == "" || left != "" && left < right:
			only("-", left)
			left = x()
		default:
			only("+", right)
			right = y()
		}
	}
	return rows, different, nil
}

// lines returns the next line at each call, "" at the end.
func lines(r io.Reader) func() string {
	s := bufio.NewReaderSize(r, 1<<20)
	return func() string {
		line, _ := s.ReadString('\n') // files that were just written
		return strings.TrimSuffix(line, "\n")
	}
}
