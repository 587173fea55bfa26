package history

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"strings"
	"testing"

	"bakfs/signal"
)

func TestMediaOfOlderBackupsStay(t *testing.T) {
	photo := []byte("\xff\xd8\xff photo")
	hash := fmt.Sprintf("%x", sum(photo))
	at := signal.Millis(1_780_000_000_000)
	frames := func(items ...*signal.ChatItem) [][]byte {
		list := [][]byte{nil}
		frame := func(item signal.FrameItem) { list = append(list, signal.Append(nil, &signal.Frame{Item: item})) }
		frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}})
		frame(&signal.Chat{ID: 1, RecipientID: 1})
		for _, item := range items {
			frame(item)
		}
		return list
	}
	item := func(sent signal.Millis, body signal.Body) *signal.ChatItem {
		return &signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: sent, Outgoing: &signal.Outgoing{}, Body: body}
	}
	pointer := &signal.FilePointer{ContentType: signal.Some("image/jpeg"), FileName: signal.Some("a.jpg"),
		Locator: &signal.Locator{PlaintextHash: signal.Some(signal.Bytes(sumString(photo)))}}
	gone := &signal.FilePointer{ContentType: signal.Some("image/jpeg"), FileName: signal.Some("a.jpg"), Locator: &signal.Locator{}}
	with := func(p *signal.FilePointer) signal.Body {
		return &signal.StandardMessage{Attachments: []signal.Attachment{{Pointer: p}}}
	}
	once := func(p *signal.FilePointer) signal.Body {
		if p == nil {
			return &signal.ViewOnceMessage{}
		}
		return &signal.ViewOnceMessage{Attachment: &signal.Attachment{Pointer: p}}
	}
	old := store(t, ownACI, at.Time(), frames(item(at, with(pointer)), item(at+1000, with(pointer)), item(at+2000, once(pointer)), item(at+3000, with(pointer))),
		map[string][]byte{hash: photo})
	now := store(t, ownACI, at.Time(), frames(item(at, with(pointer)), item(at+1000, with(gone)), item(at+2000, once(nil)), item(at+3000, &signal.DeletedMessage{})), nil)
	backups := []Backup{{Label: "old", Time: at.Time(), FS: old}, {Label: "new", Time: at.Time(), FS: now}}
	for _, show := range []bool{false, true} {
		h := New(backups, Options{ShowExpired: show})
		list := messages(t, h)["self"]
		if len(list) != 4 {
			t.Fatalf("%d messages", len(list))
		}
		for i := range 2 {
			if f := list[i].Files[0]; f.Size != int64(len(photo)) || f.Sniff != "image/jpeg" || !strings.HasPrefix(f.Path, "media/2026-") {
				t.Errorf("%d: %+v", i, f)
			}
		}
		if (len(list[2].Files) == 1) != show {
			t.Errorf("%d files of one that could be seen once", len(list[2].Files))
		}
		if k := list[3].Past.Kept; k == nil || k.Files[0].Path == "" {
			t.Error("the photo that was deleted is not kept")
		}
		f, err := h.File(background, hash)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, f.Size())
		if _, err := f.ReadAt(background, b, 0); string(b) != string(photo) {
			t.Errorf("%q: %v", b, err)
		}
		f.Close()
	}
	if _, err := New(backups, Options{}).File(background, strings.Repeat("0", 64)); !errors.Is(err, iofs.ErrNotExist) {
		t.Error(err)
	}
}
