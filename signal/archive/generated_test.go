package archive

import (
	"bytes"
	"path/filepath"
	"testing"
)

// Days of one account, as the older app and the newest wrote them: what comes
// back is what went in, and what the day before had is taken from there.
func TestGeneratedDays(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := generate(t, "--kind", "both", "--schema", "old", "--days", "3", "--messages", "1500", "--chats", "20", "--media", "20",
		"--media-bytes", "9000", "--seed", "31")
	for source, secret := range map[string]string{"SignalBackups": "recovery-key.txt", "legacy": "passphrase.txt"} {
		key := string(readFile(t, filepath.Join(dir, secret)))
		s := find(t, filepath.Join(dir, source))
		var before *memTree
		accounts := make(map[string]bool)
		for _, item := range s.Items {
			tree, report, a := store(t, s, item, key, before)
			if err := report.Err(); err != nil {
				t.Errorf("%s: %v", item.Name, err)
			}
			if s.Format == Legacy {
				if !bytes.Equal(remade(t, a), readFile(t, filepath.Join(s.Path, item.Name))) {
					t.Errorf("%s: other bytes", item.Name)
				}
			} else {
				equalRecords(t, stored(t, a), recordsOf(t, s.Path, item.Name, key))
			}
			if before != nil {
				unchanged(t, tree, before)
			}
			accounts[a.Envelope().Account] = true
			before = tree
		}
		if len(accounts) != 1 {
			t.Errorf("%s: accounts %v", source, accounts)
		}
	}
}

// unchanged fails if most months of the day before became other files.
func unchanged(t testing.TB, tree, before *memTree) {
	t.Helper()
	names, same := before.names(chatsName), 0
	for _, name := range names {
		if f := tree.files[name]; f != nil && bytes.Equal(f.Data, before.files[name].Data) {
			same++
		}
	}
	if same < len(names)*3/4 {
		t.Errorf("%d of %d months are the same", same, len(names))
	}
}
