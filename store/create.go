package store

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// beganPrefix begins the name of the file that says that a repository is being
// made. It is there before anything else, and until Finish.
const beganPrefix = temporaryPrefix + "init-"

// readmeTag is in the name of a README.txt that is not finished.
const readmeTag = "readme"

const readmeText = `This folder is an encrypted backup made by bakfs.

Nothing in it can be read without the recovery key: 64 letters and digits that
were shown once, when the backup was set up. With that key and the program
bakfs, any computer can open it:

    bakfs connect -r THIS-FOLDER
    bakfs mount -r THIS-FOLDER SOME-EMPTY-FOLDER

Please change, rename or delete nothing in here: every file is needed.
`

// CreateFolder makes a repository's folder at dir, or takes dir if it is empty
// or Unfinished. Files that a system puts into every folder do not count. The
// caller calls Finish when the repository has its first entry.
func CreateFolder(dir string) (*Folder, error) {
	if err := MakeDirs(dir); err != nil {
		return nil, err
	}
	began, err := Unfinished(dir)
	if err != nil {
		return nil, err
	}
	if !began {
		if err := empty(dir); err != nil {
			return nil, err
		}
	}
	f, err := newFolder(dir)
	if err != nil {
		return nil, err
	}
	if err := f.furnish(began); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// MakeDirs makes a directory of the owner and those above it that are missing,
// and makes its name and that of the one above it durable, as they may be of a
// run that was cut off.
func MakeDirs(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	above := filepath.Dir(dir)
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return &iofs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
	case errors.Is(err, iofs.ErrNotExist) && above != dir:
		if _, err = os.Stat(above); errors.Is(err, iofs.ErrNotExist) {
			err = MakeDirs(above)
		}
		if err == nil {
			err = os.Mkdir(dir, 0o700)
		}
		if errors.Is(err, iofs.ErrExist) {
			err = nil // another made it in this moment
		}
	}
	if err != nil {
		return offline(err)
	}
	return offline(errors.Join(syncAbove(dir), syncAbove(above)))
}

// ReadFile reads a whole file of this machine. Unlike os.ReadFile it takes no file
// for shorter than the system says it is.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF) && int64(len(b)) < info.Size():
			return nil, &iofs.PathError{Op: "read", Path: path, Err: fmt.Errorf("only %d of %d bytes can be read", len(b), info.Size())}
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, err
		}
		b = slices.Grow(b, 1)
	}
}

// syncAbove makes a directory's own name durable where that can be done: what
// lies above may not be ours to read.
func syncAbove(dir string) error {
	d, err := os.Open(filepath.Dir(dir))
	if errors.Is(err, iofs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	err = uninterrupted(d.Sync)
	if cannotSync(err) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// empty refuses a folder that holds anything of anybody.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return offline(err)
	}
	for _, e := range entries {
		if !furniture(e.Name()) {
			return fmt.Errorf("%s is not empty: it holds %q", dir, e.Name())
		}
	}
	return nil
}

// furnish puts into a folder what every repository has. What an earlier try
// has left unfinished goes first, and its mark stays until Finish.
func (f *Folder) furnish(began bool) error {
	if began {
		leftover := func(name string) bool {
			return strings.HasPrefix(path.Base(name), temporaryPrefix) && !strings.HasPrefix(name, beganPrefix)
		}
		if _, _, err := f.remove(leftover); err != nil {
			return err
		}
	}
	// Also if there is a mark: it may not be durable.
	if err := f.mark(); err != nil {
		return err
	}
	for _, dir := range []string{packsDir, journalDir} {
		if err := f.mkdir(dir); err != nil {
			return err
		}
	}
	if _, err := f.root.Lstat(readmeName); began && err == nil {
		return nil
	}
	return f.Write(readmeName, readmeTag, []byte(readmeText))
}

// mark makes the file that says that this is not yet a repository.
func (f *Folder) mark() error {
	file, _, err := f.create(beganPrefix)
	if err != nil {
		return offline(err)
	}
	if err := file.Close(); err != nil {
		return offline(err)
	}
	return f.syncDir(".")
}

// Unfinished says whether dir is a folder in which the making of a repository
// was cut off before anything was in it, so that it can be made there anew. A
// folder that a sync program has not filled yet is not unfinished.
func Unfinished(dir string) (bool, error) {
	marks, err := os.ReadDir(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, offline(err)
	}
	began := false
	for _, e := range marks {
		began = began || strings.HasPrefix(e.Name(), beganPrefix) && e.Type().IsRegular()
	}
	if !began {
		return false, nil
	}
	f, err := newFolder(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for _, e := range marks {
		switch name := e.Name(); {
		case name == readmeName, furniture(name), strings.HasPrefix(name, temporaryPrefix):
		case name == packsDir, name == journalDir:
			if bare, err := f.bare(name); err != nil || !bare {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

// bare says whether top holds nothing but folders of temporary files.
func (f *Folder) bare(top string) (bool, error) {
	dirs, err := f.List(top)
	if err != nil {
		return false, err
	}
	for _, d := range dirs {
		if strings.HasPrefix(d.Name(), temporaryPrefix) || furniture(d.Name()) {
			continue
		}
		if !d.IsDir() {
			return false, nil
		}
		files, err := f.List(path.Join(top, d.Name()))
		if err != nil {
			return false, err
		}
		for _, file := range files {
			if !strings.HasPrefix(file.Name(), temporaryPrefix) && !furniture(file.Name()) {
				return false, nil
			}
		}
	}
	return true, nil
}

// Finish takes the mark of an unfinished repository away, and what else its
// making left. The caller is a device of the repository, so that it is made.
func (f *Folder) Finish() error {
	_, _, err := f.remove(func(name string) bool {
		return strings.HasPrefix(name, beganPrefix) || strings.HasPrefix(name, temporaryPrefix+readmeTag+"-")
	})
	return err
}
