package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// A Source is a path that holds one or more backups of one format.
type Source struct {
	Format Format
	Path   string // the folder that holds the items; of Modern the backup folder
	Items  []Item // the oldest first

	// Account is the account's id, a UUID, where the caller knows it. A Main
	// cannot be opened without; Stream and Export do not tell it either.
	Account string

	folder *modern.Folder
}

// An Item is one backup of a source.
type Item struct {
	Name string    // of its file or snapshot folder
	Time time.Time // as the name says, else that of the file
	Err  error     // why it cannot be stored, as far as can be seen from outside
}

// Find says what backups a path holds, by content: a backup folder, the folder
// that holds it, or one snapshot in it; a file main; an unencrypted record
// stream; a legacy file, or a folder with some; main.jsonl of an export, or the
// folder that holds it. The error wraps ErrNoBackup if there is none, else
// modern.ErrRemote, legacy.ErrVersion or what the system says.
func Find(path string) (*Source, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var s *Source
	switch {
	case info.IsDir():
		s, err = findIn(path)
	case info.Mode().IsRegular():
		s, err = findFile(path, info)
	default:
		err = fmt.Errorf("neither a file nor a folder: %w", ErrNoBackup)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// findIn finds what a folder holds.
func findIn(dir string) (*Source, error) {
	s, err := findFolder(dir)
	if err == nil || !errors.Is(err, modern.ErrNoSnapshot) {
		return s, err
	}
	several := err.Error() != modern.ErrNoSnapshot.Error() // it says which to choose from
	entries, err2 := os.ReadDir(dir)
	if err2 != nil {
		return nil, err2
	}
	old := &Source{Format: Legacy, Path: dir}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if e.Name() == modern.ExportMain {
			return findFile(name, info)
		}
		if !strings.HasSuffix(e.Name(), ".backup") {
			continue
		}
		if f, err := findFile(name, info); err == nil && f.Format == Legacy {
			old.Items = append(old.Items, f.Items...)
		}
	}
	if len(old.Items) > 0 {
		slices.SortStableFunc(old.Items, func(a, b Item) int { return a.Time.Compare(b.Time) })
		return old, nil
	}
	if several {
		return nil, fmt.Errorf("%w: %w", ErrNoBackup, err)
	}
	return nil, ErrNoBackup
}

// findFolder finds a backup folder.
func findFolder(dir string) (*Source, error) {
	f, only, err := modern.Locate(dir)
	if err != nil {
		return nil, err
	}
	list, err := f.Snapshots()
	if err != nil {
		return nil, err
	}
	s := &Source{Format: Modern, Path: rootOf(dir, only, list[0].Name), folder: f}
	for _, sn := range list {
		if only != "" && sn.Name != only {
			continue
		}
		item := Item{Name: sn.Name, Time: sn.Time}
		if !sn.Complete() {
			item.Err = fmt.Errorf("%s: %w", sn.Name, modern.ErrIncomplete)
		}
		s.Items = append(s.Items, item)
	}
	return s, nil
}

// rootOf returns the backup folder that modern.Locate found from dir: that
// which has the snapshot.
func rootOf(dir, only, snapshot string) string {
	if only != "" {
		return filepath.Dir(dir)
	}
	roots := []string{dir, filepath.Join(dir, "SignalBackups")}
	if below, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*")); err == nil {
		roots = append(roots, below...)
	}
	for _, root := range roots {
		if info, err := os.Stat(filepath.Join(root, snapshot)); err == nil && info.IsDir() {
			return root
		}
	}
	return dir
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// findFile finds what a file is.
func findFile(path string, info os.FileInfo) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &Source{Path: filepath.Dir(path), Items: []Item{{Name: filepath.Base(path), Time: info.ModTime()}}}
	head := make([]byte, 5)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if legacy.Looks(head[:n]) {
		if _, err := legacy.ReadHeader(f, info.Size()); err == nil || !errors.Is(err, legacy.ErrNotBackup) {
			s.Format = Legacy
			s.Items[0].Time = legacyTime(s.Items[0].Name, info)
			return s, err
		}
	}
	kind, err := modern.Detect(f, info.Size())
	if err != nil {
		return nil, err
	}
	return s.ofKind(kind, f, info.Size())
}

// ofKind completes a source of one file.
func (s *Source) ofKind(kind modern.Kind, f io.ReaderAt, size int64) (*Source, error) {
	name := s.Items[0].Name
	if name == "main" && kind != modern.Remote {
		if folder, err := findFolder(s.Path); err == nil && len(folder.Items) == 1 && filepath.Join(folder.Path, folder.Items[0].Name) == s.Path {
			return folder, nil // main inside its snapshot
		}
		if kind == modern.Unrecognised {
			kind = modern.Sealed // a damaged one: Open says so
		}
	}
	switch kind {
	case modern.Remote:
		return nil, modern.ErrRemote
	case modern.Sealed:
		s.Format = Main
	case modern.Plain:
		s.Format = Stream
	case modern.Export:
		s.Format = Export
	default:
		return nil, ErrNoBackup
	}
	if s.Format != Main {
		if t := streamTime(s.Format, io.NewSectionReader(f, 0, size)); !t.IsZero() {
			s.Items[0].Time = t
		}
	}
	return s, nil
}

// streamTime returns the time that the first record tells.
func streamTime(format Format, r io.Reader) time.Time {
	var records signal.Records = signal.NewRecordReader(r)
	if format == Export {
		records = modern.NewExportReader(r)
	}
	rec, err := records.Next()
	var info signal.BackupInfo
	if err != nil || signal.Unmarshal(rec, &info) != nil || info.BackupTimeMs == 0 {
		return time.Time{}
	}
	return info.BackupTimeMs.Time()
}

// legacyTime returns the time in the name of a legacy file, which is that of
// the phone's zone: this machine's is the best guess.
func legacyTime(name string, info os.FileInfo) time.Time {
	for at := range len(name) {
		const layout = "2006-01-02-15-04-05"
		if rest := name[at:]; len(rest) >= len(layout) {
			if t, err := time.ParseInLocation(layout, rest[:len(layout)], time.Local); err == nil {
				return t
			}
		}
	}
	return info.ModTime()
}

// NeedsKey reports whether Open needs a key.
func (s *Source) NeedsKey() bool { return s.KeyName() != "" }

// KeyName returns what people call the key of the source: "recovery key" (64
// characters) or "passphrase" (30 digits); "" if there is none.
func (s *Source) KeyName() string {
	switch s.Format {
	case Modern, Main:
		return "recovery key"
	case Legacy:
		return "passphrase"
	}
	return ""
}

// path returns where the file of an item is.
func (s *Source) path(item Item) string {
	if s.Format == Modern {
		return filepath.Join(s.Path, item.Name, "main")
	}
	return filepath.Join(s.Path, item.Name)
}

// ID returns the identity of an item: equal ids mean the same original, whole
// or cut or damaged somewhere inside. It needs no key and costs little; only
// where nothing protects the content it reads all of it.
func (s *Source) ID(ctx context.Context, item Item) (id [32]byte, err error) {
	f, err := os.Open(s.path(item))
	if err != nil {
		return id, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return id, err
	}
	h := newIdentity(s.Format, info.Size())
	switch s.Format {
	case Modern, Main: // the MAC, which covers all
		_, err = io.Copy(h, io.NewSectionReader(f, max(info.Size()-sha256.Size, 0), sha256.Size))
	case Legacy: // the random IV and salt
		var header legacy.Header
		header, err = legacy.ReadHeader(f, info.Size())
		h.Write(header.Raw)
	default:
		_, err = io.Copy(h, &contextReader{ctx, f})
	}
	return [32]byte(h.Sum(nil)), err
}

// newIdentity begins the hash that names an original.
func newIdentity(f Format, size int64) hash.Hash {
	h := sha256.New()
	h.Write(append([]byte("bakfs/v1 signal original\x00"), byte(f)))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(size)))
	return h
}

// A contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// account returns the account that the caller gave, "" if none.
func (s *Source) account() (signal.ServiceID, error) {
	if s.Account == "" {
		return "", nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s.Account, "-", ""))
	if err != nil || len(b) != 16 {
		return "", fmt.Errorf("%q is not the id of an account, which is like 01234567-89ab-cdef-0123-456789abcdef", s.Account)
	}
	return signal.ServiceID(b), nil
}
