package view

import (
	"bytes"
	"crypto/sha256"
	"io"
	"path/filepath"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/signal/modern"
	"bakfs/signal/sample"
	"bakfs/view/history"
)

// A made is a backup that a test tells message by message. The chat 1 is with Alice.
type made struct {
	at    time.Time
	items []signal.FrameItem
	media map[*signal.Locator][]byte
}

const (
	owner = 1 + iota
	alice
)

func identity(id uint64) signal.ServiceID {
	sum := sha256.Sum256([]byte{byte(id)})
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return signal.ServiceID(sum[:16])
}

func newMade(at time.Time) *made {
	return &made{at: at, media: map[*signal.Locator][]byte{}, items: []signal.FrameItem{
		&signal.Account{ProfileKey: signal.NewSecret(string(make([]byte, 32))), GivenName: "Jana", FamilyName: "Novak", AccountSettings: &signal.Settings{}},
		&signal.Recipient{ID: owner, Destination: &signal.Self{}},
		&signal.Recipient{ID: alice, Destination: &signal.Contact{ACI: signal.Some(identity(alice)), ProfileGivenName: signal.Some("Alice"), Registered: &signal.Registered{}}},
		&signal.Chat{ID: 1, RecipientID: alice},
	}}
}

// say adds a message from Alice.
func (b *made) say(sent signal.Millis, text string) *signal.ChatItem {
	item := &signal.ChatItem{ChatID: 1, AuthorID: alice, DateSent: sent, Incoming: &signal.Incoming{DateReceived: sent + 900, Read: true},
		Body: &signal.StandardMessage{Text: &signal.Text{Body: text}}}
	b.items = append(b.items, item)
	return item
}

// edit makes item an edited one.
func edit(item *signal.ChatItem, sent signal.Millis, text string) {
	item.Revisions = append(item.Revisions, signal.ChatItem{ChatID: item.ChatID, AuthorID: item.AuthorID, DateSent: item.DateSent, Incoming: item.Incoming, Body: item.Body})
	item.DateSent, item.Body = sent, &signal.StandardMessage{Text: &signal.Text{Body: text}}
}

// answer makes item answer what Alice sent at a time.
func answer(item *signal.ChatItem, sent signal.Millis) {
	item.Body.(*signal.StandardMessage).Quote = &signal.Quote{TargetSentTimestamp: signal.Some(sent), AuthorID: alice, Text: &signal.Text{Body: "so"}, Type: signal.QuoteTypeNormal}
}

// attach adds a file to a message.
func (b *made) attach(item *signal.ChatItem, mime string, content []byte, flag signal.AttachmentFlag) {
	sum := sha256.Sum256(content)
	key := signal.NewSecret(string(bytes.Repeat(sum[:], 2)))
	l := &signal.Locator{Key: key, PlaintextHash: signal.Some(signal.Bytes(sum[:])), Size: uint32(len(content)), LocalKey: signal.Some(key)}
	b.media[l] = content
	m := item.Body.(*signal.StandardMessage)
	m.Attachments = append(m.Attachments, signal.Attachment{Pointer: &signal.FilePointer{ContentType: signal.Some(mime), Locator: l}, Flag: flag, WasDownloaded: true})
}

// keep stores backups, which are in order.
func keep(t testing.TB, backups ...*made) []history.Backup {
	t.Helper()
	key, err := modern.ParseRecoveryKey(sample.Key)
	if err != nil {
		t.Fatal(err)
	}
	dir, root := t.TempDir(), key.BackupKey()
	id := root.ID(identity(owner))
	for _, b := range backups {
		w, err := modern.CreateSnapshot(filepath.Join(dir, "SignalBackups"), b.at.Format("signal-backup-2006-01-02-15-04-05"), root.Keys(id), modern.AppendMetadata(nil, root, id, [12]byte{1}))
		if err != nil {
			t.Fatal(err)
		}
		must(t, w.Write(signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: signal.Millis(b.at.UnixMilli())})))
		for _, item := range b.items {
			must(t, w.Write(signal.Append(nil, &signal.Frame{Item: item})))
		}
		for l, content := range b.media {
			must(t, w.Media(l, bytes.NewReader(content)))
		}
		must(t, w.Close())
	}
	source, err := archive.Find(filepath.Join(dir, "SignalBackups"))
	must(t, err)
	var all []history.Backup
	for _, item := range source.Items {
		b, err := source.Open(t.Context(), item, sample.Key)
		must(t, err)
		tree := newStock()
		_, err = b.Store(t.Context(), tree)
		must(t, err)
		all = append(all, history.Backup{Label: b.Time.UTC().Format("2006-01-02_1504"), Time: b.Time, FS: tree.tree()})
		must(t, b.Close())
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
}
