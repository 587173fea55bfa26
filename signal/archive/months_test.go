package archive

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bakfs/signal"
	"pgregory.net/rapid"
)

// openStream opens records as a stream, with a limit of memory for months.
func storeStream(t testing.TB, records [][]byte, limit int) (*memTree, *Archive) {
	t.Helper()
	name := writeFile(t, filepath.Join(t.TempDir(), "x"), stream(records...))
	b, err := find(t, name).Open(context.Background(), Item{Name: "x"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	tree := newTree(nil)
	s := newStorer(context.Background(), tree, b)
	s.months.limit = limit
	err = b.original.store(s)
	if err == nil {
		err = s.finish()
	}
	s.abandon(err)
	if err == nil {
		err = s.seal()
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(tree.files)
	if err != nil {
		t.Fatal(err)
	}
	return tree, a
}

// head are the records in front of messages of chats 1 to n.
func head(n int) [][]byte {
	list := [][]byte{info(1700000000000), frame(&signal.Account{GivenName: "Jo"})}
	for i := range uint64(n) {
		list = append(list, frame(&signal.Recipient{ID: i + 1, Destination: &signal.Contact{E164: signal.Some(100 + i)}}),
			frame(&signal.Chat{ID: i + 1, RecipientID: i + 1}))
	}
	return list
}

func TestMonthsArePartedWhenMemoryEnds(t *testing.T) {
	const month = 31 * 24 * 3600 * 1000
	records := head(2)
	add := func(chat uint64, m int) {
		records = append(records, text(chat, signal.Millis(m)*month+1000, fmt.Sprintf("%01000d", len(records))))
	}
	add(1, 0)
	add(2, 0)
	add(1, 1) // the limit: chat 1 of January got nothing for longest
	add(2, 0)
	add(1, 0) // a second part; February of chat 1 must go
	add(1, 1)
	tree, a := storeStream(t, records, 5000)
	one, two := chatsName+"/"+ConversationDir("e164:+100")+"/", chatsName+"/"+ConversationDir("e164:+101")+"/"
	want := []string{one + "1970-01", one + "1970-02", two + "1970-01", one + "1970-01.2", one + "1970-02.2"}
	if !slices.Equal(tree.log, want) {
		t.Errorf("written %v, want %v", tree.log, want)
	}
	equalRecords(t, stored(t, a), records)
	months, err := a.Months(context.Background(), ConversationDir("e164:+100"))
	if err != nil || len(months) != 2 || months[0].Name != "1970-01" || months[1].Name != "1970-02" {
		t.Fatalf("%v, %v", months, err)
	}
	if want := time.UnixMilli(month + 1000); !months[1].Last.Equal(want) || months[1].Size != int64(len(tree.files[want1(one)].Data)*2) {
		t.Errorf("%+v", months[1])
	}
	r, err := a.Month(context.Background(), ConversationDir("e164:+100"), "1970-01")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	equalRecords(t, all(t, r), [][]byte{records[6], records[10]})
}

func want1(dir string) string { return dir + "1970-02" }

func TestPartOfAMonthIsBounded(t *testing.T) {
	records := head(1)
	for range 9 {
		records = append(records, text(1, 5, string(bytes.Repeat([]byte("x"), 4<<20))))
	}
	tree, a := storeStream(t, records, maxWaiting)
	names := tree.names(chatsName)
	if len(names) != 3 {
		t.Errorf("files %v", names)
	}
	for _, name := range names {
		if n := len(tree.files[name].Data); n > maxPart+signal.MaxRecord {
			t.Errorf("%s has %d bytes", name, n)
		}
	}
	equalRecords(t, stored(t, a), records)
}

func TestRecordsComeBackFromEveryPosition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		chats := rapid.IntRange(1, 100).Draw(rt, "chats")
		records := head(chats)
		n := rapid.IntRange(0, 300).Draw(rt, "messages")
		for range n {
			switch {
			case rapid.IntRange(0, 9).Draw(rt, "frame") == 0:
				records = append(records, frame(&signal.StickerPack{PackID: signal.Bytes(fmt.Sprintf("%016d", len(records)))}))
			default:
				chat := rapid.Uint64Range(1, uint64(chats)).Draw(rt, "chat")
				at := rapid.Uint64Range(0, 200*24*3600*1000).Draw(rt, "at")
				records = append(records, text(chat, signal.Millis(at), fmt.Sprint(len(records))))
			}
		}
		_, a := storeStream(t, records, rapid.SampledFrom([]int{2000, 20000, maxWaiting}).Draw(rt, "limit"))
		r, err := a.Records(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		var places []Position
		for i, want := range records {
			places = append(places, r.Position())
			got, err := r.Next()
			if err != nil || !bytes.Equal(got, want) {
				rt.Fatalf("record %d: %v", i, err)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			rt.Fatal(err)
		}
		for range 5 {
			i := rapid.IntRange(0, len(places)-1).Draw(rt, "from")
			from, err := a.RecordsAt(context.Background(), places[i])
			if err != nil {
				rt.Fatal(err)
			}
			for _, want := range records[i:] {
				if got, err := from.Next(); err != nil || !bytes.Equal(got, want) {
					rt.Fatalf("from %d: %v", i, err)
				}
			}
			if _, err := from.Next(); err != io.EOF {
				rt.Fatal(err)
			}
			from.Close()
		}
		allMonths(rt, a, records)
	})
}

// allMonths checks that the months of all chats have all messages.
func allMonths(t *rapid.T, a *Archive, records [][]byte) {
	ctx := context.Background()
	chats, err := a.Chats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range chats {
		months, err := a.Months(ctx, c.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range months {
			r, err := a.Month(ctx, c.Name, m.Name)
			if err != nil {
				t.Fatal(err)
			}
			for {
				rec, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				g := look(rec)
				key := fmt.Sprintf("e164:+%d", 99+g.chat)
				if !g.sure || ConversationDir(key) != c.Name || monthName(monthOf(g.sent)) != m.Name {
					t.Fatal("a message in another file than its own")
				}
				n++
			}
			r.Close()
		}
	}
	h, err := a.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for {
		if _, err := h.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(records) {
		t.Fatalf("%d records in all files, want %d", n, len(records))
	}
}

func TestNamesOfMonths(t *testing.T) {
	for at, want := range map[signal.Millis]string{
		0: "1970-01", 951782400000: "2000-02", 951868800000: "2000-03", 1735689599999: "2024-12", 1735689600000: "2025-01",
		lastMillis: "9999-12", lastMillis + 1: "9999-12", 1<<64 - 1: "9999-12",
	} {
		if got := monthName(monthOf(at)); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
	for name, ok := range map[string]bool{
		"1970-01": true, "9999-12": true, "2026-03.2": true, "2026-03.1000000": true,
		"2026-3": false, "2026-13": false, "2026-00": false, "1969-12": false, "2026-03.1": false, "2026-03.02": false, "2026-03.": false,
		"+026-03": false, "2026-03.-2": false, "2026-03.99999999999": false, "": false, "2026": false, "10000-01": false,
	} {
		if _, _, got := parseMonth(name); got != ok {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(nil), 0)
	var b bytes.Buffer
	o := orderWriter{w: &b}
	o.frame()
	o.chat(part{month: 24000, n: 1}, 0, 5)
	o.chat(part{month: 24001, n: 2}, 7, 5)
	o.chat(part{month: 24000, n: 1}, 5, 5)
	o.flush()
	f.Add(b.Bytes(), 2)
	f.Fuzz(func(t *testing.T, b []byte, recent int) {
		if recent < 0 || recent > recentFiles {
			return
		}
		r, size := parseRun(b, recent)
		if size == 0 {
			return
		}
		if size > len(b) || size > maxRun || r.n == 0 || r.at >= recent || r.chat != (r.at >= 0 || r.place.n > 0) {
			t.Fatalf("%+v of %d bytes", r, size)
		}
	})
}

// FuzzArchive reads trees whose files anybody may have made.
func FuzzArchive(f *testing.F) {
	frames := stream(head(1)...)
	var runs bytes.Buffer
	o := orderWriter{w: &runs}
	for range head(1) {
		o.frame()
	}
	dir := conversationDir("e164:+100")
	o.chat(part{dir, 24000, 1}, 0, 5)
	o.flush()
	month := stream(text(1, 946684800000, "x"))
	f.Add(frames, bytes.Clone(runs.Bytes()), month)
	runs.Reset()
	o = orderWriter{w: &runs}
	o.chat(part{dir, 24000, 1}, int64(len(month))+1, 5) // behind its end
	o.flush()
	f.Add(frames, runs.Bytes(), month)
	f.Fuzz(func(t *testing.T, frames, runs, month []byte) {
		e := Envelope{Format: Stream}
		raw, _ := e.AppendBinary(nil)
		tree := newTree(nil)
		tree.Write(context.Background(), envelopeName, time.Time{}, "", bytes.NewReader(raw))
		tree.Write(context.Background(), framesName, time.Time{}, "", bytes.NewReader(frames))
		tree.Write(context.Background(), orderName, time.Time{}, "", bytes.NewReader(append([]byte(orderMagic), runs...)))
		tree.Write(context.Background(), chatsName+"/"+hex.EncodeToString(dir[:])+"/2000-01", time.Time{}, "", bytes.NewReader(month))
		a, err := Open(tree.files)
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Records(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 10000; n++ {
			if _, err := r.Next(); err != nil {
				break
			}
		}
		r.Close()
		r, _ = a.Head(context.Background())
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
		r.Close()
	})
}
