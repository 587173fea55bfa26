package modern

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"

	"bakfs/signal"
)

// A SnapshotWriter writes one snapshot into a backup folder. Until Close the
// snapshot has a name that apps and this package take for unfinished.
type SnapshotWriter struct {
	root, name string
	metadata   []byte
	file       *os.File
	buffer     *bufio.Writer
	main       *MainWriter
	list       []byte
	listed     map[string]bool
}

// CreateSnapshot begins the snapshot name in the folder root, which it makes
// if it is not there. keys and metadata are those of the backup that the
// records are of, so that the key that opened it opens this one. name must
// have a snapshot's form and be new.
func CreateSnapshot(root, name string, keys Keys, metadata []byte) (*SnapshotWriter, error) {
	if m := snapshotName.FindStringSubmatch(name); m == nil || m[2] != "" {
		return nil, fmt.Errorf("%q is no name of a snapshot", name)
	}
	w := &SnapshotWriter{root: root, name: name, metadata: metadata, listed: make(map[string]bool)}
	if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
		return nil, &iofs.PathError{Op: "create", Path: filepath.Join(root, name), Err: iofs.ErrExist}
	}
	for _, dir := range []string{filepath.Join(root, FilesName), w.tmp()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := w.start(keys); err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}

func (w *SnapshotWriter) tmp() string { return filepath.Join(w.root, w.name+"-tmp") }

func (w *SnapshotWriter) start(keys Keys) (err error) {
	nomedia, err := os.OpenFile(filepath.Join(w.root, ".nomedia"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	nomedia.Close()
	if w.file, err = os.OpenFile(filepath.Join(w.tmp(), mainName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	w.buffer = bufio.NewWriterSize(w.file, readSize)
	var iv [16]byte
	rand.Read(iv[:])
	w.main, err = NewMainWriter(w.buffer, keys, iv)
	return err
}

// Write writes one record as it is.
func (w *SnapshotWriter) Write(rec []byte) error { return w.main.Write(rec) }

// Media writes the plaintext src as the media file of l and puts it on the
// snapshot's list. A file that the store has already is left as it is, and
// src is not read.
func (w *SnapshotWriter) Media(l *signal.Locator, src io.Reader) error {
	name, ok := MediaName(l)
	if !ok {
		return ErrNoMedia
	}
	if !w.listed[name] {
		w.listed[name] = true
		w.list = AppendFilesRecord(w.list, name)
	}
	dest := filepath.Join(w.root, filepath.FromSlash(mediaPath(name)))
	if info, err := os.Stat(dest); err == nil && info.Size() == MediaSize(int64(l.Size)) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o700); err != nil {
		return err
	}
	tmp := filepath.Join(w.tmp(), name)
	if err := writeFile(tmp, func(f io.Writer) error { return WriteMedia(f, l, src) }); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("media file %s: %w", name, err)
	}
	return os.Rename(tmp, dest)
}

// writeFile writes a new file and syncs it.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, readSize)
	return errors.Join(write(b), b.Flush(), f.Sync(), f.Close())
}

// Close ends the snapshot and gives it its name.
func (w *SnapshotWriter) Close() error {
	err := errors.Join(w.main.Close(), w.buffer.Flush(), w.file.Sync(), w.file.Close())
	w.file = nil
	for name, content := range map[string][]byte{MetadataName: w.metadata, FilesName: w.list} {
		if err == nil {
			err = writeFile(filepath.Join(w.tmp(), name), func(f io.Writer) error {
				_, err := f.Write(content)
				return err
			})
		}
	}
	if err == nil {
		err = os.Rename(w.tmp(), filepath.Join(w.root, w.name))
	}
	if err != nil {
		w.Abort()
	}
	return err
}

// Abort removes what was written of the snapshot. Media stay: others may use
// them, and the app removes those that nobody does.
func (w *SnapshotWriter) Abort() {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
	os.RemoveAll(w.tmp())
}
