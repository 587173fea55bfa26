package archive

import (
	"bytes"
	"context"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
)

func plaintext(t testing.TB, a *Archive, o modern.ExportOptions) iofs.FS {
	t.Helper()
	tree, err := a.Plaintext(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestPlaintextIsWhatSignalExports(t *testing.T) {
	s := find(t, vectors(t, "canonical-backup.binproto"))
	_, _, a := store(t, s, s.Items[0], "", nil)
	got, err := iofs.ReadFile(plaintext(t, a, modern.ExportOptions{PIN: true}), modern.ExportMain)
	if err != nil {
		t.Fatal(err)
	}
	want := readFile(t, vectors(t, "canonical-backup.takeout-export.expected.jsonl"))
	equalRecords(t, all(t, modern.NewExportReader(bytes.NewReader(got))), all(t, modern.NewExportReader(bytes.NewReader(want))))
	if !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
		t.Error("other lines")
	}
}

func TestPlaintextOfAnySource(t *testing.T) {
	type source struct{ path, key string }
	var sources []source
	for path, key := range folders(t) {
		sources = append(sources, source{path, key})
	}
	for path, key := range legacyFiles(t) {
		sources = append(sources, source{path, key})
	}
	sources = append(sources, source{vectors(t, "v2/plain.binproto"), ""}, source{makeExport(t), ""})
	for _, from := range sources {
		s := find(t, from.path)
		for _, item := range s.Items {
			_, report, a := store(t, s, item, from.key, nil)
			o := modern.ExportOptions{Disappearing: true}
			dest := copyOut(t, plaintext(t, a, o))
			again := find(t, dest)
			if again.Format != Export {
				t.Fatalf("%s: %+v", item.Name, again)
			}
			_, second, b := store(t, again, again.Items[0], "", nil)
			if a.Envelope().Format == Legacy { // which has files that no message shows
				report.Media = min(report.Media, second.Media)
			}
			if second.Messages != report.Messages || second.Conversations != report.Conversations ||
				second.Media != report.Media || second.Missing != report.Missing || second.Damaged+second.DamagedMedia != 0 {
				t.Errorf("%v %s: %+v, was %+v", a.Envelope().Format, item.Name, second, report)
			}
			// An export of the export is the same.
			sameFiles(t, plaintext(t, b, o), os.DirFS(dest))
		}
	}
}

func TestPlaintextOptions(t *testing.T) {
	pin, group := signal.NewSecret("471147114711"), signal.NewSecret(strings.Repeat("G", 32))
	media := []byte("a photo that disappears")
	hash := signal.Bytes(sum(media))
	pointer := &signal.FilePointer{FileName: signal.Some("../../evil.sh\x00.JPG"), Locator: &signal.Locator{Size: uint32(len(media)),
		PlaintextHash: signal.Some(hash), LocalKey: signal.Some(signal.NewSecret(strings.Repeat("k", 64))), Key: signal.NewSecret(strings.Repeat("K", 64))}}
	again := *pointer
	again.FileName = signal.Some("other.jpg")
	item := func(timer uint64) []byte {
		c := &signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: 5, Outgoing: &signal.Outgoing{},
			Body: &signal.StandardMessage{Attachments: []signal.Attachment{{Pointer: pointer}, {Pointer: &again}}}}
		if timer > 0 {
			c.ExpiresInMs = signal.Some(timer)
		}
		return frame(c)
	}
	head := [][]byte{info(5), frame(&signal.Account{GivenName: "Jo", SVRPIN: pin}), frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}),
		frame(&signal.Recipient{ID: 2, Destination: &signal.Group{MasterKey: group}}), frame(&signal.Chat{ID: 1, RecipientID: 1})}
	path := writeFile(t, filepath.Join(t.TempDir(), "records.binproto"), stream(append(head, item(60_000))...))
	s := find(t, path)
	tree, _, _ := store(t, s, s.Items[0], "", nil)
	if err := tree.Write(context.Background(), mediaPath(hash.String()), tree.files[framesName].ModTime, "", bytes.NewReader(media)); err != nil {
		t.Fatal(err)
	}
	a, err := Open(tree.files)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []modern.ExportOptions{{}, {Disappearing: true}, {PIN: true}} {
		dest := copyOut(t, plaintext(t, a, o))
		lines := readFile(t, filepath.Join(dest, modern.ExportMain))
		if got := bytes.Contains(lines, []byte(pin.Reveal())); got != o.PIN {
			t.Errorf("%+v: PIN %v", o, got)
		}
		if got := bytes.Contains(lines, []byte("chatItem")); got != o.Disappearing {
			t.Errorf("%+v: message with a timer %v", o, got)
		}
		files, err := filepath.Glob(filepath.Join(dest, "files", "*", "*"))
		if err != nil || len(files) != map[bool]int{true: 1}[o.Disappearing] {
			t.Errorf("%+v: media %v, %v", o, files, err)
		}
		for _, f := range files {
			if !bytes.Equal(readFile(t, f), media) || filepath.Ext(f) != ".jpg" {
				t.Errorf("%s is not the photo", f)
			}
			extensionsStay(t, dest, f)
		}
	}
}

// extensionsStay has the file of an export be called as its sender spelt it, as Signal
// does: that is how the export comes back. As Plaintext spells it, it is found too.
func extensionsStay(t *testing.T, export, file string) {
	t.Helper()
	for _, ext := range []string{".jpg", ".JPG"} {
		name := strings.TrimSuffix(file, filepath.Ext(file)) + ext
		if err := os.Rename(file, name); err != nil {
			t.Fatal(err)
		}
		file = name
		s := find(t, export)
		_, report, a := store(t, s, s.Items[0], "", nil)
		if report.Media != 1 || report.Missing != 0 {
			t.Errorf("%s: %+v", ext, report)
		}
		name, _ = filepath.Rel(export, strings.TrimSuffix(file, ext)+".JPG")
		if _, err := iofs.Stat(plaintext(t, a, modern.ExportOptions{Disappearing: true}), filepath.ToSlash(name)); err != nil {
			t.Error(err)
		}
	}
}
