package archive

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

func TestParseAccount(t *testing.T) {
	for in, want := range map[string]string{
		someACI: someACI, strings.ToUpper(someACI): someACI, " " + strings.ReplaceAll(someACI, "-", "") + "\n": someACI,
		"": "", "me": "", someACI[1:]: "", someACI + "00": "", strings.Repeat("z", 32): "",
	} {
		got, err := ParseAccount(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if _, err := ParseAccount(knownKey); err == nil || strings.Contains(err.Error(), knownKey) {
		t.Errorf("a key in the place of an account is repeated: %v", err)
	}
}

func TestBackupOfAnotherAccountIsRefused(t *testing.T) {
	ctx := context.Background()
	other := "01234567-89ab-cdef-0123-456789abcdef"
	files := legacyFiles(t)
	files[vectors(t, "v2/SignalBackups")] = string(readFile(t, vectors(t, "v2/aep_display.txt")))
	for path, key := range files {
		s := find(t, path)
		b, err := s.Open(ctx, s.Items[0], key)
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		own := b.Account
		if strings.HasPrefix(own, "+") || strings.HasPrefix(own, "unknown-") { // then the caller is believed
			own = other
		} else {
			s.Account = other
			if _, err := s.Open(ctx, s.Items[0], key); !errors.Is(err, ErrOtherAccount) {
				t.Errorf("%s is of %s and opens as of %s: %v", path, own, other, err)
			}
		}
		s.Account = own
		b, err = s.Open(ctx, s.Items[0], key)
		if err != nil || b.Account != own {
			t.Errorf("%s as of %s: %+v, %v", path, own, b, err)
			continue
		}
		b.Close()
	}
}

// nameOfAccount returns the name of the account of the only backup at path.
func nameOfAccount(t testing.TB, path, key string) string {
	t.Helper()
	s := find(t, path)
	b, err := s.Open(context.Background(), s.Items[0], key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	return b.Account
}

// sealedFolder writes a backup folder of some records.
func sealedFolder(t testing.TB, aci signal.ServiceID, records ...[]byte) string {
	t.Helper()
	k, err := modern.ParseRecoveryKey(knownKey)
	if err != nil {
		t.Fatal(err)
	}
	bk := k.BackupKey()
	root := filepath.Join(t.TempDir(), "SignalBackups")
	w, err := modern.CreateSnapshot(root, "signal-backup-2026-01-02-03-04-05", bk.Keys(bk.ID(aci)), modern.AppendMetadata(nil, bk, bk.ID(aci), [12]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return root
}

// Where the owner's id occurs nowhere the account must have the same name every day.
func TestNameOfAnAccountWithoutIDStays(t *testing.T) {
	account := func(key string) []byte { return frame(&signal.Account{ProfileKey: signal.NewSecret(key)}) }
	first := nameOfAccount(t, sealedFolder(t, knownACI, info(1700000000000), account("a profile key")), knownKey)
	if !strings.HasPrefix(first, "unknown-") {
		t.Errorf("name %s", first)
	}
	if again := nameOfAccount(t, sealedFolder(t, knownACI, info(1700000001000), account("a later one")), knownKey); again != first {
		t.Errorf("names %s and %s", first, again)
	}
	if other := nameOfAccount(t, sealedFolder(t, signal.ServiceID(strings.Repeat("a", 16)), info(1700000001000), account("a profile key")), knownKey); other == first {
		t.Errorf("two accounts are %s", other)
	}
	media := signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: 1700000000000, MediaRootBackupKey: signal.NewSecret(strings.Repeat("m", 32))})
	dir := t.TempDir()
	first = nameOfAccount(t, writeFile(t, filepath.Join(dir, "a"), stream(media, account("a profile key"))), "")
	if again := nameOfAccount(t, writeFile(t, filepath.Join(dir, "b"), stream(media, account("a later one"))), ""); again != first {
		t.Errorf("names %s and %s", first, again)
	}
}

// nobodysFile is a legacy file that says nothing of whose it is.
func nobodysFile(t testing.TB, pass signal.Secret, salt byte) []byte {
	t.Helper()
	h, err := legacy.NewHeader([16]byte{1, 2, 3, 4, salt}, bytes.Repeat([]byte{salt}, 32), 1)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := legacy.DeriveKeys(pass, h.Salt)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e, err := legacy.NewEncoder(&out, h, keys)
	if err == nil {
		err = errors.Join(e.Frame([]byte{0x2a, 3, 0x08, 0xdf, 0x01}), e.Frame([]byte{0x30, 1}), e.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What people see of an account must not be a quick test of a guessed passphrase.
func TestNameOfAnAccountIsNoHashOfThePassphrase(t *testing.T) {
	dir := t.TempDir()
	names := make(map[string]string)
	for i, digit := range []string{"1", "1", "2"} {
		pass := signal.NewSecret(strings.Repeat(digit, 30))
		name := nameOfAccount(t, writeFile(t, filepath.Join(dir, "x.backup"), nobodysFile(t, pass, byte(i))), pass.Reveal())
		if !strings.HasPrefix(name, "unknown-") || len(name) != 16 {
			t.Errorf("name %s", name)
		}
		if name == unknownAccount(pass.Reveal()) {
			t.Error("it is a hash of the passphrase")
		}
		if before := names[digit]; before != "" && before != name {
			t.Errorf("of one passphrase %s and %s", before, name)
		}
		names[digit] = name
	}
	if names["1"] == names["2"] {
		t.Error("two accounts have one name")
	}
}

// Times that nanoseconds cannot tell would become any other time further on.
func TestTimesAreWithinNanoseconds(t *testing.T) {
	ctx := context.Background()
	for at, want := range map[signal.Millis]string{
		1700000000123: "2023-11-14T22:13:20.123Z", 253402300799999: "2261-12-31T23:59:59.999Z", 1<<64 - 1: "2261-12-31T23:59:59.999Z",
	} {
		s := find(t, writeFile(t, filepath.Join(t.TempDir(), "x"), stream(info(at), text(1, at, "hello"))))
		_, _, a := store(t, s, s.Items[0], "", nil)
		if got := a.Envelope().Time.Format(time.RFC3339Nano); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
		made, err := a.Original(ctx)
		if err != nil {
			t.Fatal(err)
		}
		node, err := made.(nodeFS).Stat(".")
		if err != nil || !node.ModTime().Equal(a.Envelope().Time) {
			t.Errorf("%d: %v, %v", at, node.ModTime(), err)
		}
	}
	early := time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	for in, want := range map[time.Time]time.Time{
		{}:                             time.UnixMilli(0),
		early:                          time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1, 1_999_999):        time.UnixMilli(1001),
		time.Unix(1<<40, 999_999_999):  time.Date(2261, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
		time.Unix(-1<<40, 999_999_999): time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got := moment(in); !got.Equal(want) || !time.Unix(0, got.UnixNano()).Equal(got) {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
	}
}

// A file that was sent on often is found at whichever place still has it.
func TestMediaAreFoundAtTheLastPlace(t *testing.T) {
	photo := []byte("a photo")
	hash := sum(photo)
	records := [][]byte{info(1700000000000), frame(&signal.Account{})}
	var pointers []*signal.FilePointer
	for i := range 3 * fewSources {
		p := &signal.FilePointer{Locator: &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(hash)), Size: uint32(len(photo)),
			LocalKey: signal.Some(signal.NewSecret(strings.Repeat(string(rune('A'+i)), 64)))}}
		pointers = append(pointers, p, p)
		for range 2 {
			records = append(records, frame(&signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: 1700000000000, Outgoing: &signal.Outgoing{},
				Body: &signal.StandardMessage{Attachments: []signal.Attachment{{Pointer: p}}}}))
		}
	}
	var g gallery
	g.where = func(p *signal.FilePointer) string { return p.Locator.LocalKey.V.Reveal() }
	g.open = (&sealed{}).openMedia
	for _, rec := range records[1:] {
		f := new(signal.Frame)
		if err := signal.Unmarshal(rec, f); err != nil {
			t.Fatal(err)
		}
		g.look(f)
	}
	if len(g.files) != 1 || len(g.files[0].sources) != 3*fewSources {
		t.Errorf("places %+v", g.files)
	}
	for _, at := range []int{0, fewSources, len(pointers)/2 - 1} {
		root := sealedFolder(t, knownACI, records...)
		name, _ := modern.MediaName(pointers[2*at].Locator)
		var b bytes.Buffer
		if err := modern.WriteMedia(&b, pointers[2*at].Locator, bytes.NewReader(photo)); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(root, "files", name[:2], name), b.Bytes())
		s := find(t, root)
		if _, report, _ := store(t, s, s.Items[0], knownKey, nil); report.Media != 1 || report.Missing != 0 {
			t.Errorf("place %d: %+v", at, report)
		}
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
	}
}
