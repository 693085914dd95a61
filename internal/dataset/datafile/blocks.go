package datafile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"slices"
	"sort"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

const rowBytes = 8 // of a row in a block: meter and kWh; the hour is the block's

// blocks keeps rows by hour, in memory as long as they are few and in a file
// from then on.
type blocks struct {
	dir   string
	limit int // bytes in memory

	index   []block
	encoded []byte // the hour that is added
	memory  bytes.Buffer
	size    int64
	file    *os.File
	out     *bufio.Writer
}

type block struct {
	hour   meter.Hour
	offset int64
	rows   int
}

// add appends an hour's rows. Hours must ascend.
func (b *blocks) add(hour meter.Hour, rows []dataset.Row) error {
	b.index = append(b.index, block{hour: hour, offset: b.size, rows: len(rows)})
	if b.file == nil && int(b.size)+len(rows)*rowBytes > b.limit {
		if err := b.toFile(); err != nil {
			return err
		}
	}
	b.encoded = slices.Grow(b.encoded[:0], len(rows)*rowBytes)[:len(rows)*rowBytes]
	for i, r := range rows {
		enc := b.encoded[i*rowBytes : (i+1)*rowBytes]
		binary.LittleEndian.PutUint32(enc, uint32(r.Meter))
		binary.LittleEndian.PutUint32(enc[4:], math.Float32bits(r.KWh))
	}
	b.size += int64(len(b.encoded))
	if b.file == nil {
		b.memory.Write(b.encoded)
	} else if _, err := b.out.Write(b.encoded); err != nil {
		return b.fault(err)
	}
	return nil
}

func (b *blocks) toFile() error {
	f, err := os.CreateTemp(b.dir, "hours-")
	if err != nil {
		return b.fault(err)
	}
	b.file, b.out = f, bufio.NewWriterSize(f, 256<<10)
	_, err = b.out.Write(b.memory.Bytes())
	b.memory = bytes.Buffer{}
	if err != nil {
		return b.fault(err)
	}
	return nil
}

func (b *blocks) fault(err error) error {
	return fmt.Errorf("keep the dataset's hours in %s: %w; make room there or choose another scratch folder", b.dir, err)
}

// seal ends the writing.
func (b *blocks) seal() error {
	if b.out == nil {
		return nil
	}
	if err := b.out.Flush(); err != nil {
		return b.fault(err)
	}
	b.out = nil
	return nil
}

// rows yields the blocks from an hour on.
func (b *blocks) rows(from meter.Hour) iter.Seq2[[]dataset.Row, error] {
	return func(yield func([]dataset.Row, error) bool) {
		first := sort.Search(len(b.index), func(i int) bool { return b.index[i].hour >= from })
		if first == len(b.index) {
			return
		}
		in := b.reader(b.index[first].offset)
		var raw []byte
		var out []dataset.Row
		for _, blk := range b.index[first:] {
			raw = slices.Grow(raw[:0], blk.rows*rowBytes)[:blk.rows*rowBytes]
			if _, err := io.ReadFull(in, raw); err != nil {
				yield(nil, fmt.Errorf("read the dataset's hours at %s: %w", blk.hour, err))
				return
			}
			out = out[:0]
			for i := 0; i < len(raw); i += rowBytes {
				out = append(out, dataset.Row{
					Meter: int32(binary.LittleEndian.Uint32(raw[i:])),
					Hour:  blk.hour,
					KWh:   math.Float32frombits(binary.LittleEndian.Uint32(raw[i+4:])),
				})
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

func (b *blocks) reader(offset int64) io.Reader {
	if b.file == nil {
		return bytes.NewReader(b.memory.Bytes()[offset:])
	}
	return bufio.NewReaderSize(io.NewSectionReader(b.file, offset, b.size-offset), 256<<10)
}

func (b *blocks) close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
