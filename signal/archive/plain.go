package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// A plain is an open record stream or export.
type plain struct {
	path   string
	export bool
	file   *os.File
	info   iofs.FileInfo
	root   *os.Root // of an export while it is stored; may be nil
}

// openPlain opens a stream or an export.
func (b *Backup) openPlain(ctx context.Context, path string, aci signal.ServiceID) (err error) {
	o := &plain{path: path, export: b.Format == Export}
	if o.file, err = modern.OpenFile(os.OpenFile, path); err != nil {
		return err
	}
	if o.info, err = o.file.Stat(); err == nil {
		err = o.introduce(ctx, b, aci)
	}
	if err != nil {
		o.close()
		return err
	}
	b.original, b.size = o, o.info.Size()
	return nil
}

// introduce reads the records up to the account.
func (o *plain) introduce(ctx context.Context, b *Backup, aci signal.ServiceID) error {
	if o.export {
		if err := o.checkMetadata(); err != nil {
			return err
		}
	}
	var in introduction
	if err := in.read(o.records(&contextReader{ctx, o.file}), func(*signal.Frame) bool { return true }); err != nil {
		return err
	}
	b.known(in, aci, func() string {
		if key := in.info.MediaRootBackupKey.Reveal(); key != "" {
			return unknownAccount(key)
		}
		return unknownAccount(in.profileKey()) // which changes at times
	})
	return nil
}

// checkMetadata refuses an export of a version that is not known. The file may
// have got lost.
func (o *plain) checkMetadata() error {
	b, err := o.metadata()
	if err != nil || b == nil {
		return err
	}
	return modern.CheckExportMetadata(b)
}

// metadata returns the content of metadata.json, nil if there is none.
func (o *plain) metadata() ([]byte, error) {
	f, err := modern.OpenFile(os.OpenFile, filepath.Join(filepath.Dir(o.path), modern.ExportMetadata))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	var b []byte
	if err == nil {
		defer f.Close()
		b, err = io.ReadAll(io.LimitReader(f, maxMetadata+1))
	}
	if err == nil && len(b) > maxMetadata {
		err = fmt.Errorf("longer than %d bytes, which no version that is known is: %w", maxMetadata, modern.ErrUnknownVersion)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", modern.ExportMetadata, bare(err))
	}
	return b, nil
}

func (o *plain) records(r io.Reader) signal.Records {
	if o.export {
		return modern.NewExportReader(r)
	}
	return signal.NewRecordReader(r)
}

func (o *plain) close() error {
	if o.root != nil {
		o.root.Close()
	}
	return o.file.Close()
}

// store implements original.
func (o *plain) store(s *storer) error {
	root, err := os.OpenRoot(filepath.Dir(o.path))
	if err != nil {
		return err
	}
	o.root = root
	s.media.where = func(p *signal.FilePointer) string {
		if !o.export {
			name, _ := modern.MediaName(p.Locator)
			return name
		}
		name, _ := modern.ExportMediaPath(p)
		return name
	}
	s.media.open = func(ctx context.Context, l *signal.Locator, name string) (io.ReadCloser, error) {
		if !o.export {
			return nil, iofs.ErrNotExist
		}
		r, err := openHashed(root, name, l)
		if lower := strings.ToLower(name); lower != name && errors.Is(err, iofs.ErrNotExist) {
			return openHashed(root, lower, l) // as Plaintext names it
		}
		return r, err
	}
	if _, err := o.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := newIdentity(s.backup.Format, o.info.Size())
	in := io.TeeReader(&contextReader{s.ctx, o.file}, sum)
	if o.export {
		err = o.storeExport(s, in)
	} else if err = s.stream(signal.NewRecordReader(in)); err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	if err == nil && [32]byte(sum.Sum(nil)) != s.backup.ID {
		return fmt.Errorf("changed while it was read: %w", modern.ErrDamaged)
	}
	return err
}

// storeExport stores the files of an export as they are, and the records that
// main.jsonl tells, in one pass.
func (o *plain) storeExport(s *storer, in io.Reader) (err error) {
	meta, err := o.metadata()
	if err != nil {
		return err
	}
	if meta != nil {
		if err := s.file(exportMetadata, meta); err != nil {
			return err
		}
	}
	lines := newFeed(s.ctx, s.tree, exportMain, s.backup.Time)
	records := modern.NewExportReader(io.TeeReader(in, lines))
	if err = s.stream(records); err == nil {
		// What the reader did not want is copied too.
		_, err = io.Copy(lines, in)
	}
	report := records.Report()
	s.report.Damaged += report.Damaged
	for _, d := range report.First {
		s.report.lost(fmt.Errorf("line %d: %w", d.Index+1, d.Err))
	}
	return lines.end(err)
}

// openHashed opens a file of an export, which must be the one that l names.
func openHashed(root *os.Root, name string, l *signal.Locator) (io.ReadCloser, error) {
	f, err := modern.OpenFile(root.OpenFile, filepath.FromSlash(name))
	if err != nil {
		return nil, bare(err)
	}
	return &hashedFile{hashedReader{f, sha256.New(), [32]byte([]byte(l.PlaintextHash.V))}, f}, nil
}

// A hashedFile is a file that must be the one of a hash.
type hashedFile struct {
	hashedReader
	io.Closer
}

// A hashedReader gives an error in place of io.EOF if it was not the file of that
// hash.
type hashedReader struct {
	r    io.Reader
	sum  hash.Hash
	want [32]byte
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	if err == io.EOF && [32]byte(h.sum.Sum(nil)) != h.want {
		return n, fmt.Errorf("not the file that the message had: %w", modern.ErrDamaged)
	}
	return n, err
}
