package integration

import (
	"testing"

	"bakfs/integration/weakdisk"
)

// A command asks for what is there, not for all that might be: in a folder with few
// packs it does not ask for 256 folders of packs, each of which may be a wait where the
// cloud folder is a mount.
func TestSmallFolderIsAskedLittle(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, j := range l.jobs() {
		n := l.operations(j, "cloud")(weakdisk.All)
		t.Logf("%s: %d operations in the cloud folder", j.name, n)
		if n > 1500 {
			t.Errorf("%s asks the cloud folder %d times", j.name, n)
		}
	}
}
