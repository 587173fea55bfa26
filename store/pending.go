package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"bakfs/seal"
)

// A Pending is a file that is being written under a temporary name. Exactly
// one of Commit and Abort must be called; Abort after Commit does nothing.
// It belongs to one goroutine.
type Pending struct {
	folder *Folder
	file   *os.File
	name   string
	hash   hash.Hash
	size   int64
	err    error // the first error; the file is void
}

// Begin starts a file in dir, which is made if it is not there. tag is the
// pseudonym of the device: it may remove what it left behind.
func (f *Folder) Begin(dir, tag string) (*Pending, error) {
	if err := f.mkdir(dir); err != nil {
		return nil, err
	}
	name := path.Join(dir, temporaryPrefix+tag+"-"+random())
	if err := f.before("create", name); err != nil {
		return nil, offline(err)
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, offline(err)
	}
	return &Pending{folder: f, file: file, name: name, hash: sha256.New()}, nil
}

// Write appends b. After an error the file is void: only Abort helps.
func (p *Pending) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n := 0
	if p.err = p.folder.before("write", p.name); p.err == nil {
		n, p.err = p.file.Write(b)
	}
	p.hash.Write(b[:n])
	p.size += int64(n)
	p.err = offline(p.err)
	return n, p.err
}

// sum returns the SHA-256 of what was written so far.
func (p *Pending) sum() (h seal.Hash) {
	p.hash.Sum(h[:0])
	return h
}

// Commit makes the file durable under name: synced, closed, renamed without
// replacing, the folder synced. If name exists with the same content that is
// success. If what exists does not have the hash in its name and this file
// has, the damaged one is moved aside to <name>.damaged-<random>; any other
// content is an error. After an error the temporary file is gone, and name
// must not be counted on.
func (p *Pending) Commit(name string) error {
	defer p.Abort()
	if p.err != nil {
		return p.err
	}
	if p.err = p.folder.before("sync", p.name); p.err == nil {
		p.err = p.file.Sync()
	}
	file := p.file
	p.file = nil
	p.err = errors.Join(p.err, p.folder.before("close", p.name), file.Close())
	if p.err == nil {
		p.err = p.publish(name)
	}
	p.err = offline(p.err)
	return p.err
}

// publish gives the finished file its name.
func (p *Pending) publish(name string) error {
	dir := path.Dir(name)
	if err := p.folder.mkdir(dir); err != nil {
		return err
	}
	err := p.folder.rename(p.name, name)
	if errors.Is(err, iofs.ErrExist) {
		var same bool
		if same, err = p.settle(name); same {
			return p.folder.syncDir(dir)
		}
		if err == nil {
			err = p.folder.rename(p.name, name)
		}
	}
	if err != nil {
		return err
	}
	p.name = ""
	return p.folder.syncDir(dir)
}

// settle decides about a file that has our name already: same means that it
// has our content, a nil error that it was damaged and is out of the way.
func (p *Pending) settle(name string) (same bool, err error) {
	there, err := p.folder.hashFile(name)
	if err != nil {
		return false, fmt.Errorf("%s exists and cannot be read: %w", name, err)
	}
	ours := p.sum()
	if there == ours {
		return true, nil
	}
	n := parseName(name)
	if !n.named(ours) || n.named(there) {
		return false, fmt.Errorf("%s exists with other content: %w", name, iofs.ErrExist)
	}
	return false, p.folder.rename(name, name+".damaged-"+random())
}

// Abort removes the temporary file.
func (p *Pending) Abort() {
	if p.file != nil {
		p.file.Close()
		p.file = nil
	}
	if p.name != "" {
		_ = p.folder.root.Remove(p.name) // RemoveTemporaries finds what stays
		p.name = ""
	}
	if p.err == nil {
		p.err = iofs.ErrClosed
	}
}

// Write makes a file of data, as Begin, Write and Commit do.
func (f *Folder) Write(name, tag string, data []byte) error {
	p, err := f.Begin(path.Dir(name), tag)
	if err != nil {
		return err
	}
	defer p.Abort()
	if _, err := io.Copy(p, bytes.NewReader(data)); err != nil {
		return err
	}
	return p.Commit(name)
}

// RemoveTemporaries removes the temporary files that carry tag. The caller
// must be the only user of the tag.
func (f *Folder) RemoveTemporaries(tag string) (n int, bytes int64, err error) {
	dirs := []string{"."}
	for _, top := range []string{packsDir, journalDir} {
		dirs = append(dirs, top)
		entries, err := f.List(top)
		if err != nil {
			return 0, 0, err
		}
		for _, e := range entries {
			if e.IsDir() {
				dirs = append(dirs, path.Join(top, e.Name()))
			}
		}
	}
	for _, dir := range dirs {
		entries, err := f.List(dir)
		if err != nil {
			return n, bytes, err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), temporaryPrefix+tag+"-") || !e.Type().IsRegular() {
				continue
			}
			info, err := e.Info()
			if err == nil {
				err = f.root.Remove(path.Join(dir, e.Name()))
			}
			if err != nil {
				return n, bytes, offline(err)
			}
			n++
			bytes += info.Size()
		}
	}
	return n, bytes, nil
}

// mkdir makes a directory of the folder durable, with those above it.
func (f *Folder) mkdir(dir string) error {
	if dir == "." {
		return nil
	}
	info, err := f.root.Lstat(dir)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if !errors.Is(err, iofs.ErrNotExist) {
		return offline(err)
	}
	if err := f.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	if err := f.before("mkdir", dir); err != nil {
		return offline(err)
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, iofs.ErrExist) {
		return offline(err)
	}
	return f.syncDir(path.Dir(dir))
}

func (f *Folder) syncDir(dir string) error {
	if err := f.before("syncdir", dir); err != nil {
		return offline(err)
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return offline(err)
	}
	return offline(errors.Join(d.Sync(), d.Close()))
}

// syncParent makes a directory's own name durable where that can be done: what
// lies above the folder may not be ours to read.
func syncParent(dir string) {
	if d, err := os.Open(filepath.Dir(dir)); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

func (f *Folder) hashFile(name string) (h seal.Hash, err error) {
	file, err := f.Open(name)
	if err != nil {
		return h, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return h, offline(err)
	}
	sum.Sum(h[:0])
	return h, nil
}

func random() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
