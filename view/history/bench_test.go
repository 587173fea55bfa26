package history

import (
	"context"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"bakfs/signal"
)

// large is an account of a million messages in 72 months and 60 chats, of which
// the first has a fifth.
var large = sync.OnceValue(makeLarge)

func makeLarge() *tree {
	const total, chats, months = 1_000_000, 60, 72
	records := [][]byte{signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: 1_780_000_000_000})}
	frame := func(item signal.FrameItem) { records = append(records, signal.Append(nil, &signal.Frame{Item: item})) }
	frame(&signal.Account{GivenName: "Jana"})
	frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}})
	for i := range uint64(400) {
		aci := signal.ServiceID(fmt.Sprintf("%016d", i))
		frame(&signal.Recipient{ID: 2 + i, Destination: &signal.Contact{ACI: signal.Some(aci), ProfileGivenName: signal.Some(fmt.Sprint("Person ", i))}})
		if i < chats {
			frame(&signal.Chat{ID: 1 + i, RecipientID: 2 + i})
		}
	}
	words := strings.Fields("who is in for saturday the weather looks perfect start at the north wall and bring a rope of sixty metres please")
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	step := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Sub(start) / total
	state := uint32(1)
	random := func(n uint32) uint32 { state = state*1664525 + 1013904223; return state >> 8 % n }
	for i := range total {
		n := int(random(chats * 5 / 4))
		if n >= chats {
			n = 0
		}
		var text strings.Builder
		for range 4 + random(24) {
			text.WriteString(words[random(uint32(len(words)))])
			text.WriteByte(' ')
		}
		item := &signal.ChatItem{ChatID: 1 + uint64(n), AuthorID: 2 + uint64(n), DateSent: signal.Millis(start.Add(time.Duration(i) * step).UnixMilli())}
		if i%2 == 0 {
			item.AuthorID, item.Outgoing = 1, &signal.Outgoing{SendStatus: []signal.SendStatus{{RecipientID: 2 + uint64(n), Delivery: signal.DeliveryRead, Timestamp: item.DateSent}}}
		} else {
			item.Incoming = &signal.Incoming{DateReceived: item.DateSent + 900, Read: true}
		}
		item.Body = &signal.StandardMessage{Text: &signal.Text{Body: text.String()}}
		frame(item)
	}
	return store(&testing.T{}, ownACI, time.UnixMilli(1_780_000_000_000), records, nil)
}

// largeDir has it as files, so that a benchmark's memory is its own.
func largeDir(b *testing.B) string {
	dir := b.TempDir()
	for name, f := range large().files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(p, f.data, 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(p, f.mtime, f.mtime); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func largeHistory(fsys iofs.FS) *History {
	return New([]Backup{{Label: "one", Time: time.UnixMilli(1_780_000_000_000), FS: fsys}}, Options{})
}

// BenchmarkListing is the first listing of all conversations.
func BenchmarkListing(b *testing.B) {
	fsys := large()
	for b.Loop() {
		if list, err := largeHistory(fsys).Conversations(context.Background()); err != nil || len(list) != 60 {
			b.Fatal(len(list), err)
		}
	}
}

// BenchmarkMonth opens the busiest month of the busiest conversation first.
func BenchmarkMonth(b *testing.B) {
	ctx := context.Background()
	fsys := large()
	n := 0
	for b.Loop() {
		b.StopTimer()
		h := largeHistory(fsys)
		c, months := busiest(b, h)
		b.StartTimer()
		list, err := h.Messages(ctx, c, months[40])
		if err != nil {
			b.Fatal(err)
		}
		n = len(list)
	}
	b.ReportMetric(float64(n), "messages")
}

func busiest(b *testing.B, h *History) (*Conversation, []Month) {
	all, err := h.Conversations(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range all {
		if months, err := h.Months(context.Background(), c); err == nil && len(months) == 72 && months[40].Most > 10000 {
			return c, months
		}
	}
	b.Fatal("no busy conversation")
	return nil, nil
}

// BenchmarkWhole reads all messages once; the bytes are those of the records.
func BenchmarkWhole(b *testing.B) {
	ctx := context.Background()
	var size int64
	for name, f := range large().files {
		if strings.HasPrefix(name, "chats/") {
			size += int64(len(f.data))
		}
	}
	fsys := os.DirFS(largeDir(b))
	large = sync.OnceValue(makeLarge) // forget it
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.SetBytes(size)
	peak := uint64(0)
	for b.Loop() {
		h := largeHistory(fsys)
		all, _ := h.Conversations(ctx)
		n := 0
		for _, c := range all {
			months, _ := h.Months(ctx, c)
			for _, m := range months {
				list, err := h.Messages(ctx, c, m)
				if err != nil {
					b.Fatal(err)
				}
				n += len(list)
			}
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
		}
		if n != 1_000_000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(int64(peak)-int64(before.HeapInuse))/(1<<20), "MiB-peak")
}

// BenchmarkSeries reads all of many daily backups together: those of a folder that
// the shared generator made, named by BAKFS_SERIES.
func BenchmarkSeries(b *testing.B) {
	dir := os.Getenv("BAKFS_SERIES")
	if dir == "" {
		b.Skip("BAKFS_SERIES is not set")
	}
	s, err := readSeries(dir, filepath.Join(dir, "truth.jsonl.gz"))
	if err != nil {
		b.Fatal(err)
	}
	s.truth = nil
	var listing, whole time.Duration
	n := 0
	for b.Loop() {
		h := New(s.backups(), Options{})
		start := time.Now()
		if _, err := h.Conversations(context.Background()); err != nil {
			b.Fatal(err)
		}
		listing = time.Since(start)
		n = 0
		for _, list := range messages(b, h) {
			n += len(list)
		}
		whole = time.Since(start)
	}
	b.ReportMetric(float64(len(s.trees)), "backups")
	b.ReportMetric(listing.Seconds()*1000, "ms-listing")
	b.ReportMetric(whole.Seconds()*1000, "ms-whole")
	b.ReportMetric(float64(n), "messages")
}
