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
	"syscall"

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
	file, name, err := f.create(path.Join(dir, temporaryPrefix+tag+"-"))
	if err != nil {
		return nil, offline(err)
	}
	return &Pending{folder: f, file: file, name: name, hash: sha256.New()}, nil
}

// create makes a new file whose name begins with prefix. A name that exists is
// ours, from a call that a signal interrupted when it had made the file.
func (f *Folder) create(prefix string) (file *os.File, name string, err error) {
	for range 3 {
		name = prefix + random()
		if err = f.before("create", name); err == nil {
			file, err = f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		}
		if !errors.Is(err, iofs.ErrExist) {
			break
		}
	}
	return file, name, err
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
// replacing, the folder synced. If name exists with the same content, as when
// a rename was done and its answer got lost, that is success; any other content
// is an error. After an error the temporary file is gone, and name must not be
// counted on.
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
		if err = p.same(name); err == nil { // Abort removes the other one
			return p.folder.syncDir(dir)
		}
	}
	if err != nil {
		return err
	}
	p.name = ""
	return p.folder.syncDir(dir)
}

// same returns nil if the file that has our name already has our content too.
// Names of packs and entries are hashes over a fresh salt, so nothing else ever
// stands there but what somebody put there to be in the way.
func (p *Pending) same(name string) error {
	there, err := p.folder.hashFile(name)
	if err != nil {
		return fmt.Errorf("%s exists and cannot be read: %w", name, err)
	}
	if there != p.sum() {
		return fmt.Errorf("%s exists with other content: %w", name, iofs.ErrExist)
	}
	return nil
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

// mkdir makes a directory of the folder durable, with those above it. One that
// is there may be of a run that was cut off before it could make it durable.
func (f *Folder) mkdir(dir string) error {
	if dir == "." {
		return nil
	}
	info, err := f.root.Lstat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return offline(err)
	}
	if _, durable := f.durable.Load(dir); err == nil && durable {
		return nil
	}
	there := err == nil
	if err := f.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	if !there {
		if err := f.before("mkdir", dir); err != nil {
			return offline(err)
		}
		if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, iofs.ErrExist) {
			return offline(err)
		}
	}
	if err := f.syncDir(path.Dir(dir)); err != nil {
		return err
	}
	f.durable.Store(dir, true)
	return nil
}

// harden makes a file that somebody else wrote durable, as far as that can be
// asked of a file that is open for reading.
func (f *Folder) harden(file *os.File, name string) error {
	return synced(uninterrupted(file.Sync), f.mkdir(path.Dir(name)), f.syncDir(path.Dir(name)))
}

// synced is the first of the errors that is more than cannotSync.
func synced(errs ...error) error {
	for _, err := range errs {
		if err != nil && !cannotSync(err) {
			return offline(err)
		}
	}
	return nil
}

// cannotSync says that who reads may not make durable, or the file system does
// not know how.
func cannotSync(err error) bool {
	return lacking(err) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBADF) || errors.Is(err, iofs.ErrPermission)
}

// SyncDir makes the names in a directory durable, where that is possible for
// who only reads the folder. One that is not there has none.
func (f *Folder) SyncDir(dir string) error {
	if _, err := f.root.Lstat(dir); errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	return synced(f.mkdir(dir), f.syncDir(dir))
}

// syncDir makes the names in a directory durable. Some network file systems
// cannot be asked that of a directory; there it is as good as it gets.
func (f *Folder) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return offline(err)
	}
	if err = f.before("syncdir", dir); err == nil {
		err = d.Sync()
	}
	for _, unknown := range []error{syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP} {
		if errors.Is(err, unknown) {
			err = nil
		}
	}
	return offline(errors.Join(err, d.Close()))
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
