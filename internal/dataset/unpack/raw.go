package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// File reads a file once, unpacking it, and hashes and counts the raw bytes. A zip
// archive is not read in order; see inputs.
type File struct {
	file     *os.File
	total    int64
	read     int64
	hash     hash.Hash
	progress func(read, total int64)

	zip   bool
	text  io.Reader // unpacked; the bytes of a zip archive
	close func() error
}

// Inputs are the texts in the file: its own, or those of an archive's members or a
// workbook's sheets. closeAll ends their use.
func (r *File) Inputs(path, scratch string) (inputs []Input, closeAll func() error, err error) {
	if !r.zip {
		return []Input{&fileInput{path: path, raw: r}}, nothingToClose, nil
	}
	inputs, closeAll, err = archiveInputs(path, r.file, r.total, scratch)
	if err != nil {
		return nil, nil, fmt.Errorf("dataset %s: %w", path, err)
	}
	return inputs, closeAll, nil
}

func isZip(magic []byte) bool {
	return bytes.HasPrefix(magic, []byte("PK\x03\x04")) || bytes.HasPrefix(magic, []byte("PK\x05\x06"))
}

// Open opens a file. progress may be nil; it gets the bytes of the file that were read.
func Open(path string, progress func(read, total int64)) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open dataset: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open dataset: %w", err), f.Close())
	}
	if st.IsDir() {
		return nil, errors.Join(fmt.Errorf("open dataset: %s is a folder; name a file", path), f.Close())
	}
	r := &File{file: f, total: st.Size(), hash: sha256.New(), progress: progress}
	text, closeText, err := unpack(countingReader{r})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open dataset %s: %w", path, err), f.Close())
	}
	r.text, r.close = text, closeText
	if head, ok := text.(*bufio.Reader); ok {
		magic, _ := head.Peek(4)
		r.zip = isZip(magic)
	}
	return r, nil
}

// unpack finds by the first bytes whether, and how, in is compressed.
func unpack(in io.Reader) (text io.Reader, closeText func() error, err error) {
	b := bufio.NewReaderSize(in, 256<<10)
	magic, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip: %w", err)
		}
		return z, z.Close, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, nil, fmt.Errorf("zstd: %w", err)
		}
		return z, func() error { z.Close(); return nil }, nil
	case bytes.HasPrefix(magic, []byte("BZh")):
		return bzip2.NewReader(b), nothingToClose, nil
	case bytes.HasPrefix(magic, []byte{0xd0, 0xcf, 0x11, 0xe0}): // no text in whatever encoding
		return nil, nil, errWorkbook
	}
	return b, nothingToClose, nil
}

// Sum hashes what is left of the file and returns the hash of all of it.
func (r *File) Sum() (string, error) {
	if _, err := io.Copy(io.Discard, countingReader{r}); err != nil {
		return "", fmt.Errorf("read dataset: %w", err)
	}
	return hex.EncodeToString(r.hash.Sum(nil)), nil
}

// Close ends the reading.
func (r *File) Close() error {
	return errors.Join(r.close(), r.file.Close())
}

func nothingToClose() error { return nil }

// countingReader is the raw side of a rawFile.
type countingReader struct{ r *File }

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.r.file.Read(p)
	c.r.hash.Write(p[:n])
	c.r.read += int64(n)
	if c.r.progress != nil {
		c.r.progress(c.r.read, c.r.total)
	}
	return n, err
}
