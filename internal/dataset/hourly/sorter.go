package hourly

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	maxFanIn = 64 // runs merged at once
	runBytes = 128 << 10
)

// sorter orders entries by time and meter, keeping the order in which equal
// ones came. What exceeds its buffer goes to disk as sorted runs.
type sorter struct {
	dir   string
	limit int // entries in memory
	buf   []entry
	spare []entry
	// levels[i] are runs that were merged i times, oldest first; all of
	// levels[i+1] is older than levels[i]. Merging a level when it is full
	// bounds the open files and the memory whatever the file's length.
	levels  [][]string
	spilled int // runs written, for their names
}

func newSorter(dir string, bufferBytes int) *sorter {
	// Half of the memory is what sorting moves entries to.
	return &sorter{dir: dir, limit: max(2, bufferBytes/(2*entryBytes))}
}

func (s *sorter) add(e entry) error {
	if len(s.buf) == s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if len(s.buf) == cap(s.buf) {
		s.buf = slices.Grow(s.buf, min(s.limit, max(4096, 2*cap(s.buf)))-len(s.buf))
	}
	s.buf = append(s.buf, e)
	return nil
}

func (s *sorter) spill() error {
	s.sortBuffer()
	buf := s.buf
	name, err := s.writeRun(func(put func(entry) error) error {
		for _, e := range buf {
			if err := put(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.buf = s.buf[:0]
	return s.addRun(0, name)
}

// addRun appends a run to a level, and merges the level once it is full.
func (s *sorter) addRun(level int, name string) error {
	for len(s.levels) <= level {
		s.levels = append(s.levels, nil)
	}
	s.levels[level] = append(s.levels[level], name)
	if len(s.levels[level]) < maxFanIn {
		return nil
	}
	full := s.levels[level]
	merged, err := s.writeRun(func(put func(entry) error) error {
		return mergeRuns(context.Background(), full, nil, put)
	})
	if err != nil {
		return err
	}
	s.levels[level] = nil
	if err := removeRuns(full); err != nil {
		return err
	}
	return s.addRun(level+1, merged)
}

func (s *sorter) writeRun(fill func(put func(entry) error) error) (name string, err error) {
	s.spilled++
	name = fmt.Sprintf("%s/run-%06d", s.dir, s.spilled)
	f, err := os.Create(name)
	if err != nil {
		return "", fmt.Errorf("sort dataset on disk: %w", err)
	}
	w := bufio.NewWriterSize(f, runBytes)
	var b [entryBytes]byte
	err = fill(func(e entry) error {
		e.encode(b[:])
		_, err := w.Write(b[:])
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fmt.Errorf("sort dataset on disk in %s: %w; make room there or choose another scratch folder", s.dir, err)
	}
	return name, nil
}

// scan hands all entries to use in order, and keeps them.
func (s *sorter) scan(ctx context.Context, use func(entry) error) error {
	s.sortBuffer()
	return mergeRuns(ctx, s.runs(), s.buf, use)
}

// runs are the runs on disk, oldest first.
func (s *sorter) runs() []string {
	var runs []string
	for level := len(s.levels) - 1; level >= 0; level-- {
		runs = append(runs, s.levels[level]...)
	}
	return runs
}

// each hands all entries to use in order. The sorter is empty afterwards.
func (s *sorter) each(ctx context.Context, use func(entry) error) error {
	s.sortBuffer()
	runs := s.runs()
	s.spare = nil
	if err := mergeRuns(ctx, runs, s.buf, use); err != nil {
		return err
	}
	s.buf, s.levels = nil, nil
	return removeRuns(runs)
}

// removeRuns frees the disk as soon as runs have been merged.
func removeRuns(runs []string) error {
	for _, run := range runs {
		if err := os.Remove(run); err != nil {
			return fmt.Errorf("sort dataset on disk: %w", err)
		}
	}
	return nil
}

// sortBuffer sorts by radix: stable, and a few passes over the bits in which
// keys differ beat comparing.
func (s *sorter) sortBuffer() {
	var differ uint64
	sorted := true
	for i := 1; i < len(s.buf); i++ {
		differ |= s.buf[i].order() ^ s.buf[i-1].order()
		sorted = sorted && s.buf[i-1].order() <= s.buf[i].order()
	}
	if sorted {
		return
	}
	if len(s.spare) < len(s.buf) {
		s.spare = make([]entry, len(s.buf))
	}
	from, to := s.buf, s.spare[:len(s.buf)]
	const digitBits = 11
	for shift := 0; differ>>shift != 0; shift += digitBits {
		if differ>>shift&(1<<digitBits-1) == 0 {
			continue
		}
		var starts [1 << digitBits]int
		for i := range from {
			starts[from[i].order()>>shift&(1<<digitBits-1)]++
		}
		sum := 0
		for d := range starts {
			starts[d], sum = sum, sum+starts[d]
		}
		for i := range from {
			d := from[i].order() >> shift & (1<<digitBits - 1)
			to[starts[d]] = from[i]
			starts[d]++
		}
		from, to = to, from
	}
	s.buf, s.spare = from, to[:cap(to)]
}

// runReader reads a run, or the entries still in memory.
type runReader struct {
	head   entry
	memory []entry
	file   *os.File
	in     *bufio.Reader
	raw    [entryBytes]byte // what is decoded; here, as a local one would be allocated for each entry
}

// advance moves to the next entry; io.EOF if there is none.
func (r *runReader) advance() error {
	if r.file == nil {
		if len(r.memory) == 0 {
			return io.EOF
		}
		r.head, r.memory = r.memory[0], r.memory[1:]
		return nil
	}
	if _, err := io.ReadFull(r.in, r.raw[:]); err != nil {
		return err
	}
	r.head = decodeEntry(r.raw[:])
	return nil
}
