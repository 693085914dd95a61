// Command testreport reads the events of `go test -json`, prints what go test
// itself would, with the output of failed tests only, and ends with a line of
// counts. It appends the skipped tests and their reasons to a file, so that a
// run can end with all that it did not check.
//
//	go test -json ./... | testreport -skips skips.txt
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	skips := flag.String("skips", "", "file to append the skipped tests to, one `name: reason` a line")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *skips); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

var errFailed = errors.New("tests failed")

func run(in io.Reader, out io.Writer, skipsPath string) error {
	r := newReport(out)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	r.summary()
	if skipsPath != "" {
		if err := appendSkips(skipsPath, r.skips); err != nil {
			return err
		}
	}
	if r.broken() {
		return errFailed
	}
	return nil
}

func appendSkips(path string, skips []skip) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for _, s := range skips {
		if _, err := fmt.Fprintf(file, "%s: %s\n", s.test, s.reason); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}

// line takes one line of input. What is no event is passed on: it is the go
// command's own word.
func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		_, _ = r.out.Write(line)
		return
	}
	r.event(e)
}
