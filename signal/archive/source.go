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

	// Account is the account's id, see ParseAccount, where the caller knows it.
	// A Main cannot be opened without; Stream and Export do not tell it either.
	// A backup that tells of another account is not opened.
	Account string

	folder *modern.Folder
}

// An Item is one backup of a source.
type Item struct {
	Name string    // of its file or snapshot folder
	Time time.Time // as the name says, else that of the file
	Err  error     // why it cannot be stored, as far as can be seen from outside
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
	id, err = s.id(ctx, item)
	if err != nil && s.Format == Modern { // whose item is the folder
		err = fmt.Errorf("main: %w", err)
	}
	return id, err
}

func (s *Source) id(ctx context.Context, item Item) (id [32]byte, err error) {
	f, err := modern.OpenFile(os.OpenFile, s.path(item))
	if err != nil {
		return id, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return id, bare(err)
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
	return [32]byte(h.Sum(nil)), bare(err)
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

// ParseAccount returns the id of an account in its usual form, lower-case with
// dashes, from any form of the 32 hex digits.
func ParseAccount(s string) (string, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(s), "-", ""))
	if err != nil || len(b) != 16 {
		return "", errAccount // and not s: it may be a key in the wrong place
	}
	return signal.ServiceID(b).String(), nil
}

var errAccount = errors.New("not the id of an account, which is like 01234567-89ab-cdef-0123-456789abcdef")

// account returns the account that the caller gave, "" if none.
func (s *Source) account() (signal.ServiceID, error) {
	if s.Account == "" {
		return "", nil
	}
	text, err := ParseAccount(s.Account)
	if err != nil {
		return "", err
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return signal.ServiceID(b), err
}
