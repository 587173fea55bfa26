package history

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"bakfs/signal"
)

// A file that a message names by what the phone's store called it is found by the
// list of such names, in an older backup too.
func TestRetiredNamesLeadToFiles(t *testing.T) {
	wire := func(num byte, b []byte) []byte {
		return append(binary.AppendUvarint([]byte{num<<3 | 2}, uint64(len(b))), b...)
	}
	pointer := func(name string) *signal.FilePointer {
		local := bytes.Join([][]byte{wire(1, []byte(name)), wire(2, bytes.Repeat([]byte{7}, 64)), {5 << 3, 9}}, nil)
		p := new(signal.FilePointer)
		if err := signal.Unmarshal(append(wire(4, []byte("image/jpeg")), wire(12, local)...), p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	at := signal.Millis(1_780_000_000_000)
	known, unknown := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	records := [][]byte{nil}
	for _, item := range []signal.FrameItem{&signal.Recipient{ID: 1, Destination: &signal.Self{}}, &signal.Chat{ID: 1, RecipientID: 1},
		&signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: at, Outgoing: &signal.Outgoing{}, Body: &signal.StandardMessage{
			Attachments: []signal.Attachment{{Pointer: pointer(known)}, {Pointer: pointer(unknown)}, {Pointer: new(signal.FilePointer)}}}}} {
		records = append(records, signal.Append(nil, &signal.Frame{Item: item}))
	}
	photo := []byte("\xff\xd8\xff photo")
	hash := fmt.Sprintf("%x", sum(photo))
	old := store(t, ownACI, at.Time(), records, map[string][]byte{hash: photo})
	name, _ := hex.DecodeString(known)
	old.files["retired"] = &treeFile{append(append([]byte("signal retired 1\n"), name...), sumString(photo)...), at.Time(), ""}
	now := store(t, ownACI, at.Time(), records, nil)
	for _, backups := range [][]Backup{{{Label: "old", Time: at.Time(), FS: old.freeze()}}, {{Label: "old", Time: at.Time(), FS: old.freeze()}, {Label: "new", Time: at.Time(), FS: now}}} {
		files := messages(t, New(backups, Options{}))["self"][0].Files
		if f := files[0]; f.Hash != hash || f.Size != int64(len(photo)) || f.Sniff != "image/jpeg" || f.Path == "" || f.Claimed != 9 {
			t.Errorf("%+v", f)
		}
		if f := files[1]; f.Hash != "" || f.Retired != unknown || f.Size >= 0 || f.Lost || f.Claimed != 9 {
			t.Errorf("%+v", f)
		}
		if f := files[2]; f.Hash != "" || f.Retired != "" || f.Size >= 0 {
			t.Errorf("%+v", f)
		}
	}
	old.files["retired"].data = []byte("damaged")
	if f := messages(t, New([]Backup{{Label: "old", Time: at.Time(), FS: old.freeze()}}, Options{}))["self"][0].Files[0]; f.Size >= 0 || !f.Lost {
		t.Errorf("of a damaged list: %+v", f)
	}
}
