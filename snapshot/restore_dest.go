package snapshot

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
)

// CheckDest says if Restore would refuse to write to dest, and changes nothing. name is that of the file to be
// restored, empty for what is in a folder.
func CheckDest(dest, name string, overwrite bool) error {
	root, err := os.OpenRoot(dest)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	top := newFolder(nil, "", root)
	defer top.drop()
	_, err = checkDest(top, dest, name, overwrite)
	return err
}

// checkDest is CheckDest for a folder that is open. It also says if there is something in it.
func checkDest(top *folder, dest, name string, overwrite bool) (inUse bool, err error) {
	list, err := firstName(top)
	if err != nil {
		return false, err
	}
	inUse = len(list) > 0
	if overwrite {
		return inUse, nil
	}
	if name == "" && inUse {
		return true, fmt.Errorf("%s: %w", dest, ErrNotEmpty)
	}
	if name != "" {
		if _, err := top.root.Lstat(name); err == nil {
			return inUse, fmt.Errorf("%s: %w", filepath.Join(dest, name), iofs.ErrExist)
		}
	}
	return inUse, nil
}

// openDest opens dest, making it if need be.
func (r *restorer) openDest(e *Entry) (*folder, error) {
	err := os.Mkdir(r.dest, 0o700)
	if errors.Is(err, iofs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(r.dest), 0o777); err == nil {
			err = os.Mkdir(r.dest, 0o700)
		}
	}
	if err != nil && !errors.Is(err, iofs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(r.dest)
	if err != nil {
		return nil, err
	}
	top := newFolder(nil, "", root)
	name := e.Name
	if e.Kind == Dir {
		name = ""
	}
	if r.inUse, err = checkDest(top, r.dest, name, r.Overwrite); err == nil {
		top.inherits, err = hasDefaultACL(top)
	}
	if err != nil {
		top.drop()
		return nil, err
	}
	return top, nil
}

// firstName gives a name in the folder, if there is one.
func firstName(d *folder) ([]string, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.Readdirnames(1)
	if err == io.EOF {
		err = nil
	}
	return list, err
}
