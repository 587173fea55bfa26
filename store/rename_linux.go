package store

import "golang.org/x/sys/unix"

// renameNew renames without replacing, in one step.
func renameNew(fromDir int, from string, toDir int, to string) error {
	return uninterrupted(func() error { return unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE) })
}

// linkNew does the same in two steps: between them the file has both names.
func linkNew(fromDir int, from string, toDir int, to string) error {
	if err := uninterrupted(func() error { return unix.Linkat(fromDir, from, toDir, to, 0) }); err != nil {
		return err
	}
	return uninterrupted(func() error { return unix.Unlinkat(fromDir, from, 0) })
}
