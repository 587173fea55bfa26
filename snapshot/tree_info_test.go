package snapshot

import (
	iofs "io/fs"
	"testing"
)

// Names of owners are those of the backup, whatever this machine calls their numbers.
func TestInfoHasTheStoredOwners(t *testing.T) {
	r := newTestRepo(t)
	named, unknown := evilFile("named", "x", 0), evilFile("unknown", "x", 0)
	named.User, named.Group = "anna", "of the backup"
	tree := Open(r.st, Info{Root: r.tree(named, unknown)})
	list, err := iofs.ReadDir(tree, ".")
	must(t, err)
	for i, want := range [][2]string{{"anna", "of the backup"}, {}} {
		listed, err := list[i].Info()
		must(t, err)
		looked, err := iofs.Lstat(tree, list[i].Name())
		must(t, err)
		for _, info := range []iofs.FileInfo{listed, looked} {
			user, group := info.(interface{ Owner() (user, group string) }).Owner()
			if user != want[0] || group != want[1] {
				t.Errorf("%s: %q, %q", info.Name(), user, group)
			}
		}
	}
}
