package hourly

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// mergeRuns hands the entries of sorted runs, oldest run first, and of memory,
// the youngest, to use in order. Equal entries come from the older run first.
func mergeRuns(ctx context.Context, runs []string, memory []entry, use func(entry) error) error {
	if len(runs) == 0 {
		return eachEntry(ctx, memory, use)
	}
	readers := make([]*runReader, 0, len(runs)+1)
	defer func() {
		for _, r := range readers {
			if r.file != nil {
				_ = r.file.Close() // only read: nothing can be lost
			}
		}
	}()
	for _, name := range runs {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("sort dataset on disk: %w", err)
		}
		readers = append(readers, &runReader{file: f, in: bufio.NewReaderSize(f, runBytes)})
	}
	readers = append(readers, &runReader{memory: memory})
	return merge(ctx, readers, use)
}

// eachEntry hands sorted entries to use.
func eachEntry(ctx context.Context, entries []entry, use func(entry) error) error {
	for n, e := range entries {
		if n%entriesBetweenChecks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := use(e); err != nil {
			return err
		}
	}
	return nil
}

// entriesBetweenChecks is after how many entries it is checked whether to go on.
const entriesBetweenChecks = 65536

func merge(ctx context.Context, readers []*runReader, use func(entry) error) error {
	h := runHeap{}
	for age, r := range readers {
		if err := r.advance(); err == nil {
			h = append(h, agedRun{r, age})
		} else if !errors.Is(err, io.EOF) {
			return fmt.Errorf("sort dataset on disk: %w", err)
		}
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	for n := 0; len(h) > 0; n++ {
		if n%entriesBetweenChecks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := use(h[0].run.head); err != nil {
			return err
		}
		err := h[0].run.advance()
		if errors.Is(err, io.EOF) {
			h[0] = h[len(h)-1]
			h = h[:len(h)-1]
		} else if err != nil {
			return fmt.Errorf("sort dataset on disk: %w", err)
		}
		h.down(0)
	}
	return nil
}

// agedRun is a run and its place in the order of age, which decides between
// equal entries.
type agedRun struct {
	run *runReader
	age int
}

type runHeap []agedRun

func (h runHeap) less(i, j int) bool {
	a, b := h[i].run.head.order(), h[j].run.head.order()
	return a < b || (a == b && h[i].age < h[j].age)
}

func (h runHeap) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
