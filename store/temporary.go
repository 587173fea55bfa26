package store

import (
	"errors"
	iofs "io/fs"
	"path"
	"strings"
)

// Temporaries counts the files of the folder that are not finished: of runs
// that were cut off, and of runs that other devices are in the middle of.
func (f *Folder) Temporaries() (n int, bytes int64, err error) {
	err = f.eachTemporary(func(_ string, size int64) error {
		n++
		bytes += size
		return nil
	})
	return n, bytes, err
}

// RemoveTemporaries removes the temporary files that carry tag. The caller
// must be the only user of the tag.
func (f *Folder) RemoveTemporaries(tag string) (n int, bytes int64, err error) {
	return f.remove(func(name string) bool { return strings.HasPrefix(path.Base(name), temporaryPrefix+tag+"-") })
}

// remove removes the temporary files that fit.
func (f *Folder) remove(fits func(name string) bool) (n int, bytes int64, err error) {
	err = f.eachTemporary(func(name string, size int64) error {
		if !fits(name) {
			return nil
		}
		if err := f.root.Remove(name); err != nil {
			return offline(err)
		}
		n++
		bytes += size
		return nil
	})
	return n, bytes, err
}

// eachTemporary calls do for every temporary file.
func (f *Folder) eachTemporary(do func(name string, size int64) error) error {
	dirs := []string{"."}
	for _, top := range []string{packsDir, journalDir} {
		dirs = append(dirs, top)
		entries, err := f.List(top)
		if errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.IsDir() {
				dirs = append(dirs, path.Join(top, e.Name()))
			}
		}
	}
	for _, dir := range dirs {
		entries, err := f.List(dir)
		if errors.Is(err, iofs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), temporaryPrefix) || !e.Type().IsRegular() {
				continue
			}
			info, err := e.Info()
			if errors.Is(err, iofs.ErrNotExist) {
				continue // its writer is done with it
			}
			if err == nil {
				err = do(path.Join(dir, e.Name()), info.Size())
			}
			if err != nil {
				return offline(err)
			}
		}
	}
	return nil
}
