package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// The made-up account of the reference's known answers.
const (
	knownKey = "k3qz0o7m1vhx9w2rt5n8b4cd6fgjlpsuya0o1e2i3u4k5m6n7p8q9r0s1t2v3w4x"
	knownACI = "\x0f\x1e\x2d\x3c\x4b\x5a\x69\x78\x87\x96\xa5\xb4\xc3\xd2\xe1\xf0"
)

// randomMedia draws some files and pointers to them.
func randomMedia(t *rapid.T) (files map[string][]byte, pointers []*signal.FilePointer) {
	files = make(map[string][]byte)
	for i := range rapid.IntRange(0, 5).Draw(t, "media") {
		size := rapid.SampledFrom([]int{0, 1, 15, 540, 541, 542, 4000, 64 << 10, 64<<10 + 1, 150_000}).Draw(t, "size")
		b := bytes.Repeat([]byte{byte(i), byte(i + 1), 7}, size/3+1)[:size]
		hash := sum(b)
		key := signal.NewSecret(sum([]byte("one"+hash)) + sum([]byte("two"+hash)))
		l := &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(hash)), Size: uint32(size), Key: key, LocalKey: signal.Some(key)}
		pointers = append(pointers, &signal.FilePointer{Locator: l, ContentType: signal.Some("image/jpeg")})
		if rapid.IntRange(0, 4).Draw(t, "there") > 0 {
			files[hash] = b
		}
	}
	return files, pointers
}

// randomRecords draws the records of a backup, sane and not.
func randomRecords(t *rapid.T, pointers []*signal.FilePointer) [][]byte {
	list := [][]byte{info(signal.Millis(rapid.Uint64Range(1, 1<<42).Draw(t, "time"))),
		frame(&signal.Account{GivenName: "Jo", SVRPIN: signal.NewSecret("4711")}), frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}})}
	chats := uint64(rapid.SampledFrom([]int{1, 3, 12, 70}).Draw(t, "chats"))
	for i := range chats {
		list = append(list, frame(&signal.Recipient{ID: i + 2, Destination: &signal.Contact{ACI: signal.Some(signal.ServiceID(fmt.Sprintf("%016d", i)))}}),
			frame(&signal.Chat{ID: i + 1, RecipientID: i + 2}))
	}
	for range rapid.IntRange(0, 120).Draw(t, "records") {
		chat := rapid.Uint64Range(0, chats+1).Draw(t, "chat")
		at := signal.Millis(rapid.Uint64Range(1_600_000_000_000, 1_610_000_000_000).Draw(t, "at"))
		item := &signal.ChatItem{ChatID: chat, AuthorID: 1, DateSent: at, Outgoing: &signal.Outgoing{}}
		switch rapid.IntRange(0, 40).Draw(t, "kind") {
		case 0:
			list = append(list, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "garbage"))
			continue
		case 1:
			list = append(list, []byte{0xca, 0x3e, 3, 'n', 'e', 'w'}) // a frame of kind 1001
			continue
		case 2:
			item.DateSent = signal.Millis(rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, math.MaxUint64}).Draw(t, "odd time"))
		case 3:
			item.Unknown = signal.NewUnknown([]byte{0xca, 0x3e, 3, 'n', 'e', 'w'})
		case 4:
			item.Body = &signal.StandardMessage{Text: &signal.Text{Body: string(bytes.Repeat([]byte("long "), 60_000))}}
		case 5:
			list = append(list, frame(&signal.StickerPack{PackID: signal.Bytes("a pack of 16 byt")}))
			continue
		}
		if item.Body == nil {
			m := &signal.StandardMessage{Text: &signal.Text{Body: rapid.StringN(0, 20, -1).Draw(t, "text")}}
			if len(pointers) > 0 && rapid.IntRange(0, 3).Draw(t, "attached") == 0 {
				m.Attachments = []signal.Attachment{{Pointer: rapid.SampledFrom(pointers).Draw(t, "file")}}
			}
			item.Body = m
		}
		list = append(list, frame(item))
	}
	return list
}

// folderOf writes records and media as a backup folder and returns its root.
func folderOf(t *rapid.T, dir, name string, records [][]byte, files map[string][]byte, pointers []*signal.FilePointer) string {
	k, err := modern.ParseRecoveryKey(knownKey)
	if err != nil {
		t.Fatal(err)
	}
	bk := k.BackupKey()
	id := bk.ID(knownACI)
	root := filepath.Join(dir, rootName)
	var main bytes.Buffer
	w, err := modern.NewMainWriter(&main, bk.Keys(id), [16]byte{1, 2})
	for _, rec := range records {
		if err == nil {
			err = w.Write(rec)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	written := map[string][]byte{name + "/main": main.Bytes(), name + "/metadata": modern.AppendMetadata(nil, bk, id, [12]byte{1, 2})}
	for _, p := range pointers {
		if b, ok := files[string(p.Locator.PlaintextHash.V)]; ok {
			var sealed bytes.Buffer
			if err := modern.WriteMedia(&sealed, p.Locator, bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
			of, _ := modern.MediaName(p.Locator)
			written["files/"+of[:2]+"/"+of] = sealed.Bytes()
		}
	}
	for file, b := range written {
		file = filepath.Join(root, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRandomHistoriesComeBack(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		files, pointers := randomMedia(r)
		records := randomRecords(r, pointers)
		const name = "signal-backup-2026-02-03-04-05-06"
		dir := filepath.Join(base, fmt.Sprint(n))
		defer os.RemoveAll(dir)
		root := folderOf(r, dir, name, records, files, pointers)
		s := find(t, root)
		_, report, a := store(t, s, s.Items[0], knownKey, nil)
		equalRecords(t, stored(t, a), records)
		made := filepath.Join(dir, "made")
		if err := os.CopyFS(made, originalOf(t, a)); err != nil {
			r.Fatal(err)
		}
		equalRecords(t, recordsOf(t, filepath.Join(made, rootName), name, knownKey), records)
		again := find(t, made)
		if _, second, _ := store(t, again, again.Items[0], knownKey, nil); second.Media != report.Media || second.Missing != report.Missing || second.DamagedMedia != 0 {
			r.Errorf("%+v, was %+v", second, report)
		}
		// The export of the records, read again, is that of the export.
		o := modern.ExportOptions{Disappearing: true, PIN: true}
		plain := filepath.Join(dir, "plain")
		if err := os.CopyFS(plain, plaintext(t, a, o)); err != nil {
			r.Fatal(err)
		}
		exported := find(t, plain)
		_, _, b := store(t, exported, exported.Items[0], "", nil)
		sameFiles(t, os.DirFS(plain), plaintext(t, b, o))
		if t.Failed() {
			r.FailNow()
		}
	})
}

func TestRandomLegacyFilesComeBack(t *testing.T) {
	base := t.TempDir()
	keys, err := legacy.ParseKeys([]byte(sum([]byte("cipher")) + sum([]byte("mac"))))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		path := filepath.Join(base, "signal-2026-02-03-04-05-06.backup")
		want := randomLegacy(r, keys)
		if err := os.WriteFile(path, want, 0o600); err != nil {
			r.Fatal(err)
		}
		b, err := openKeys(path, keys)
		if err != nil {
			r.Fatal(err)
		}
		defer b.Close()
		b.Name = filepath.Base(path)
		tree := newTree(nil)
		if _, err := b.Store(context.Background(), tree); err != nil {
			r.Fatal(err)
		}
		a, err := Open(tree.files)
		if err != nil {
			r.Fatal(err)
		}
		got, err := iofs.ReadFile(originalOf(t, a), filepath.Base(path))
		if err != nil || !bytes.Equal(got, want) {
			r.Fatalf("%d bytes, want %d: %v", len(got), len(want), err)
		}
	})
}

// randomLegacy draws a legacy file of any frames.
func randomLegacy(r *rapid.T, keys legacy.Keys) []byte {
	var out bytes.Buffer
	h, err := legacy.NewHeader([16]byte{0xff, 0xff, 0xff, 0xfe, 5}, make([]byte, 32), uint32(rapid.IntRange(0, 1).Draw(r, "version")))
	if err != nil {
		r.Fatal(err)
	}
	e, err := legacy.NewEncoder(&out, h, keys)
	if err != nil {
		r.Fatal(err)
	}
	frames := [][]byte{{0x2a, 3, 0x08, 0xdf, 0x01}} // the version of the database
	for range rapid.IntRange(0, 40).Draw(r, "frames") {
		frames = append(frames, rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(r, "frame"))
	}
	write := func(frame, blob []byte) {
		err := e.Frame(frame)
		if err == nil && blob != nil {
			_, err = e.Blob(bytes.NewReader(blob), int64(len(blob)))
		}
		if err != nil {
			r.Fatal(err)
		}
	}
	for i, f := range frames {
		if i == 0 {
			write(f, nil)
			continue
		}
		if rapid.IntRange(0, 3).Draw(r, "blob") == 0 {
			// An attachment: row, id, length.
			n := rapid.SampledFrom([]int{1, 100, 127, 70_000}).Draw(r, "length")
			f = append([]byte{0x22, 0, 0x08, byte(i), 0x10, byte(i), 0x18}, varint(n)...)
			f[1] = byte(len(f) - 2)
			write(f, bytes.Repeat([]byte{byte(i)}, n))
			continue
		}
		write(append([]byte{0x7a, byte(len(f))}, f...), nil) // of a kind to come
	}
	write([]byte{0x30, 1}, nil) // the end
	if err := e.Close(); err != nil {
		r.Fatal(err)
	}
	return out.Bytes()
}

func varint(n int) (b []byte) {
	for ; n > 127; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(b, byte(n))
}
