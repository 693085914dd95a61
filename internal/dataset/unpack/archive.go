package unpack

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Limits of an archive. What is read of it streams, so they bound the time and the
// disk that a small file made for harm can take.
const (
	maxMembers       = 10_000
	maxMemberRatio   = 200       // times the packed size,
	leastBomb        = 1 << 30   // of archives that unpack to more than this
	maxUnpacked      = 256 << 30 // bytes of all members
	maxPackedInside  = 256 << 20 // bytes of a workbook that lies in an archive
	encryptedFlag    = 1
	openDocumentType = "application/vnd.oasis.opendocument"
)

var (
	errEncrypted    = errors.New("the archive is protected with a password: unpack it, and name the file in it")
	errNested       = errors.New("an archive in the archive is not read: unpack it")
	errNoMembers    = errors.New("the archive has no files: see whether it was packed or fetched in full")
	errOpenDocument = errors.New("the file is an OpenDocument spreadsheet (.ods), which is not read: save it as xlsx or CSV")
	errDocument     = errors.New("the file is a document of a word processor or a presentation: ask for the readings as CSV or xlsx")
	errManyMembers  = fmt.Errorf("the archive has more than %d files: unpack it", maxMembers)
	errBomb         = fmt.Errorf("the archive unpacks to more than %d times its size or to more than %d GiB: unpack it, if you know where it comes from", maxMemberRatio, maxUnpacked>>30)
	errBroken       = errors.New("the archive is damaged or cut off: fetch it again")
)

// archiveInputs are the texts in a zip archive: its files, or the sheets of a workbook.
// close ends their use.
func archiveInputs(name string, in io.ReaderAt, size int64, scratch string) (inputs []Input, closeAll func() error, err error) {
	r, err := zip.NewReader(in, size)
	if err != nil {
		return nil, nil, errBroken
	}
	if err := checkArchive(r, size); err != nil {
		return nil, nil, err
	}
	switch {
	case isWorkbook(r):
		return workbookInputs(name, in, size, r, scratch)
	case isOpenDocument(r):
		return nil, nil, errOpenDocument
	case has(r, "word/document.xml"), has(r, "ppt/presentation.xml"):
		return nil, nil, errDocument
	}
	return memberInputs(name, r, scratch)
}

func checkArchive(r *zip.Reader, size int64) error {
	if len(r.File) > maxMembers {
		return errManyMembers
	}
	var total uint64
	for _, f := range r.File {
		if f.UncompressedSize64 > maxUnpacked {
			return errBomb
		}
		total += f.UncompressedSize64
	}
	if total > maxUnpacked || (total > leastBomb && total > maxMemberRatio*uint64(size)) {
		return errBomb
	}
	return nil
}

func has(r *zip.Reader, name string) bool {
	for _, f := range r.File {
		if strings.EqualFold(strings.ReplaceAll(f.Name, `\`, "/"), name) {
			return true
		}
	}
	return false
}

func isWorkbook(r *zip.Reader) bool { return has(r, "xl/workbook.xml") || has(r, "xl/workbook.bin") }

func isOpenDocument(r *zip.Reader) bool {
	if len(r.File) == 0 || r.File[0].Name != "mimetype" {
		return false
	}
	text, err := r.File[0].Open()
	if err != nil {
		return false
	}
	defer text.Close()
	head := make([]byte, len(openDocumentType))
	_, err = io.ReadFull(text, head)
	return err == nil && string(head) == openDocumentType
}

// memberInputs are the files of an archive, and the sheets of workbooks in it.
func memberInputs(name string, r *zip.Reader, scratch string) (inputs []Input, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() error {
		var all error
		for _, c := range closers {
			all = errors.Join(all, c())
		}
		return all
	}
	for _, f := range r.File {
		if !isPublished(f) {
			continue
		}
		m := &memberInput{name: name + ": " + f.Name, file: f}
		if f.Flags&encryptedFlag != 0 {
			return nil, nil, errors.Join(errEncrypted, closeAll())
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return nil, nil, errors.Join(fmt.Errorf("%s is packed in a way (method %d) that is not read: unpack it, or pack it as an ordinary zip file", f.Name, f.Method), closeAll())
		}
		packed, err := m.isArchive()
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		if !packed {
			inputs = append(inputs, m)
			continue
		}
		sheets, closeBook, err := m.sheets(scratch)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", f.Name, err), closeAll())
		}
		inputs = append(inputs, sheets...)
		closers = append(closers, closeBook)
	}
	if len(inputs) == 0 {
		return nil, nil, errors.Join(errNoMembers, closeAll())
	}
	return inputs, closeAll, nil
}

// isPublished is true of files that people put into an archive; the rest is what their
// systems leave there.
func isPublished(f *zip.File) bool {
	name := strings.ReplaceAll(f.Name, `\`, "/")
	base := path.Base(name)
	switch {
	case f.FileInfo().IsDir(), strings.HasSuffix(name, "/"), f.UncompressedSize64 == 0 && f.Flags&8 == 0:
		return false
	case strings.HasPrefix(name, "__MACOSX/"), strings.HasPrefix(base, "."), strings.EqualFold(base, "thumbs.db"), strings.EqualFold(base, "desktop.ini"):
		return false
	}
	return true
}

// memberInput is a file of an archive. It may be packed once more, with gzip, zstd or
// bzip2.
type memberInput struct {
	name string
	file *zip.File
}

func (m *memberInput) Name() string { return m.name }

func (m *memberInput) Text() (io.ReadCloser, error) {
	packed, err := m.file.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	text, closeText, err := unpack(packed)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", m.name, err), packed.Close())
	}
	return readCloser{text, func() error { return errors.Join(closeText(), packed.Close()) }}, nil
}

// readCloser is a reader with what closes it.
type readCloser struct {
	io.Reader
	close func() error
}

func (r readCloser) Close() error { return r.close() }

func (m *memberInput) isArchive() (bool, error) {
	packed, err := m.file.Open()
	if err != nil {
		return false, fmt.Errorf("%s: %w", m.name, errBroken)
	}
	defer packed.Close()
	magic := make([]byte, 4)
	n, err := io.ReadFull(packed, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("%s: %w", m.name, errBroken)
	}
	return isZip(magic[:n]), nil
}

// sheets are the sheets of a workbook in an archive. It is copied to the scratch folder:
// a packed file can be read from its start only.
func (m *memberInput) sheets(scratch string) (inputs []Input, closeAll func() error, err error) {
	if m.file.UncompressedSize64 > maxPackedInside {
		return nil, nil, fmt.Errorf("it is larger than %d MiB: unpack it", maxPackedInside>>20)
	}
	copied, err := os.CreateTemp(scratch, "member-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() error { return errors.Join(copied.Close(), os.Remove(copied.Name())) }
	packed, err := m.file.Open()
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	size, err := io.Copy(copied, packed)
	if err = errors.Join(err, packed.Close()); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	r, err := zip.NewReader(copied, size)
	if err == nil {
		err = checkArchive(r, size)
	}
	switch {
	case err != nil:
	case isOpenDocument(r):
		err = errOpenDocument
	case !isWorkbook(r):
		err = errNested
	}
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	inputs, closeBook, err := workbookInputs(m.name, copied, size, r, scratch)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return inputs, func() error { return errors.Join(closeBook(), remove()) }, nil
}
