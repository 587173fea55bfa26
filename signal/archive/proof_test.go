package archive

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
)

// What shows that two backups are of one account is the same in both, whatever they say
// of their owner, and no other backup has it.
func TestProofsAreOfOneAccount(t *testing.T) {
	ctx := context.Background()
	key := string(readFile(t, vectors(t, "generated/recovery-key.txt")))
	folder := find(t, vectors(t, "generated/SignalBackups"))
	var proofs []Proof
	for _, item := range folder.Items {
		_, _, a := store(t, folder, item, key, nil)
		p, err := a.Proof(ctx)
		if err != nil || p.Keys.Reveal() == "" || len(p.Profile.Reveal()) != 32 {
			t.Fatal(p, err)
		}
		proofs = append(proofs, p)
	}
	if proofs[0].Keys.Reveal() != proofs[1].Keys.Reveal() || proofs[0].Profile.Reveal() != proofs[1].Profile.Reveal() {
		t.Error("two of one account differ")
	}
	// The keys of a legacy file are of that file alone; the generated one has no profile keys.
	old := find(t, vectors(t, "generated/legacy"))
	_, _, a := store(t, old, old.Items[0], string(readFile(t, vectors(t, "generated/passphrase.txt"))), nil)
	if p, err := a.Proof(ctx); err != nil || p.Keys.Reveal() != "" {
		t.Errorf("a legacy file: keys %v, %v", p.Keys.Reveal() != "", err)
	}
	for name, in := range map[string][][]byte{
		"no account": {info(1700000000000)},
		"no key":     {info(1700000000000), frame(&signal.Account{GivenName: "Jo"})},
		"zeros":      {info(1700000000000), frame(&signal.Account{ProfileKey: signal.NewSecret(strings.Repeat("\x00", 32))})},
		"short":      {info(1700000000000), frame(&signal.Account{ProfileKey: signal.NewSecret("short")})},
	} {
		s := find(t, writeFile(t, filepath.Join(t.TempDir(), "x"), stream(in...)))
		_, _, a := store(t, s, s.Items[0], "", nil)
		if p, err := a.Proof(ctx); err != nil || p.Keys.Reveal() != "" || p.Profile.Reveal() != "" {
			t.Errorf("%s: proves something, %v", name, err)
		}
	}
}
