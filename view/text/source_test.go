package text_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
	"bakfs/view/chat"
)

// vectors returns a file of the shared vectors, or skips.
func vectors(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("BAKFS_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	p := filepath.Join(dir, "signal", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no vectors (BAKFS_VECTORS): %v", err)
	}
	return p
}

// generated returns the people and the messages of the newest generated backup.
func generated(t testing.TB) (*chat.People, []*chat.Message) {
	t.Helper()
	dir, ctx := vectors(t, "generated"), context.Background()
	folder, _, err := modern.Locate(filepath.Join(dir, "SignalBackups"))
	check(t, err)
	words, err := os.ReadFile(filepath.Join(dir, "recovery-key.txt"))
	check(t, err)
	key, err := modern.ParseRecoveryKey(string(words))
	check(t, err)
	snapshots, err := folder.Snapshots()
	check(t, err)
	b, err := folder.Open(ctx, snapshots[len(snapshots)-1].Name, key)
	check(t, err)
	defer b.Close()
	stream := b.Records(ctx)
	defer stream.Close()
	r, err := signal.NewReader(stream)
	check(t, err)
	finder := modern.NewOwnerFinder(key.BackupKey(), b.ID)
	people, items := people(t, r, finder.Look, finder.Owner)
	long := func(text *chat.Text, p *signal.FilePointer) {
		if text == nil || text.Long == nil || p == nil {
			return
		}
		if media, err := folder.Media(ctx, p.Locator); err == nil {
			defer media.Close()
			content, err := io.ReadAll(media)
			check(t, err)
			text.Complete(string(content))
		}
	}
	var list []*chat.Message
	for _, item := range items {
		m := people.Message(item)
		switch body := item.Body.(type) {
		case *signal.StandardMessage:
			long(m.Text, body.LongText)
		case *signal.StoryReply:
			if body.TextReply != nil {
				long(m.Text, body.TextReply.LongText)
			}
		}
		list = append(list, m)
	}
	return people, list
}

// people reads a backup to its end.
func people(t testing.TB, r *signal.Reader, look func(signal.Message), owner func() signal.ServiceID) (*chat.People, []*signal.ChatItem) {
	t.Helper()
	var frames []*signal.Frame
	var items []*signal.ChatItem
	for {
		f, err := r.Next()
		if err == io.EOF {
			return chat.NewPeople(slices.Values(frames), owner()), items
		}
		check(t, err)
		look(f)
		frames = append(frames, f)
		if item, ok := f.Item.(*signal.ChatItem); ok {
			items = append(items, item)
		}
	}
}

// plainBackup returns the messages of a backup that others made, without the seal.
func plainBackup(t testing.TB) []*chat.Message {
	t.Helper()
	b, err := os.ReadFile(vectors(t, "v2/plain.binproto"))
	check(t, err)
	r, err := signal.NewReader(signal.NewRecordReader(bytes.NewReader(b)))
	check(t, err)
	p, items := people(t, r, func(signal.Message) {}, func() signal.ServiceID { return "" })
	var list []*chat.Message
	for _, item := range items {
		list = append(list, p.Message(item))
	}
	return list
}

// A fact is a line of the truth.
type fact map[string]any

// str returns a string of the truth, "" where there is none.
func (f fact) str(key string) string { s, _ := f[key].(string); return s }

// num returns a number of the truth.
func (f fact) num(key string) float64 { n, _ := f[key].(float64); return n }

// list returns a list of the truth.
func (f fact) list(key string) (all []fact) {
	l, _ := f[key].([]any)
	for _, x := range l {
		if m, ok := x.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// sub returns an object of the truth.
func (f fact) sub(key string) fact { m, _ := f[key].(map[string]any); return m }

// truth returns what the newest backup of the new format has.
func truth(t testing.TB) (persons map[string]string, messages []fact) {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors(t, "generated"), "truth.jsonl.gz"))
	check(t, err)
	defer f.Close()
	zr, err := gzip.NewReader(f)
	check(t, err)
	day := 0.0
	s := bufio.NewScanner(zr)
	for s.Buffer(nil, 1<<20); s.Scan(); {
		var o fact
		check(t, json.Unmarshal(s.Bytes(), &o))
		if !slices.Contains(o["in"].([]any), any("v2")) {
			continue
		}
		if o.num("day") != day {
			day, persons, messages = o.num("day"), map[string]string{}, nil
		}
		switch o["type"] {
		case "person":
			persons[o.str("key")] = o.str("name")
		case "message":
			messages = append(messages, o)
		}
	}
	check(t, s.Err())
	return persons, messages
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
