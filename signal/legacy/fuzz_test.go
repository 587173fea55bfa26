package legacy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"bakfs/signal"
)

// FuzzFile feeds bytes as a file. Whatever opens is taken apart and made again
// as far as it was good.
func FuzzFile(f *testing.F) {
	for version := range uint32(2) {
		b := encode(f, testHeader(f, version), testKeys(), smallFile())
		f.Add(b)
		f.Add(b[:len(b)-30])
		spoilt := bytes.Clone(b)
		spoilt[len(b)/2] ^= 1
		f.Add(spoilt)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := OpenKeys(bytes.NewReader(b), int64(len(b)), testKeys())
		if err != nil {
			return
		}
		list, err := take(r)
		if err == nil {
			t.Fatal("no error at the end")
		}
		if err == io.EOF && !bytes.Equal(encode(t, r.Header(), r.Keys(), list), b) {
			t.Fatal("made again differently")
		}
		for range 1000 {
			if _, err := r.Next(); err != nil && (err == io.EOF || !errors.Is(err, ErrDamaged) || isLost(err)) {
				return
			}
		}
	})
}

// FuzzLayout feeds a layout, and the frames and media that are said to be of it: what
// is read is written again as it was, and a file of it is made as far as they fit.
func FuzzLayout(f *testing.F) {
	for version := range uint32(2) {
		b := encode(f, testHeader(f, version), testKeys(), smallFile())
		l, s := store(f, openBytes(f, b, testKeys()))
		raw, err := l.AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, s.frames)
		f.Add(raw, s.frames[:len(s.frames)-1])
		f.Add(raw[:len(raw)-1], s.frames)
	}
	f.Fuzz(func(t *testing.T, raw, frames []byte) {
		l, err := ParseLayout(raw)
		if err != nil {
			if !errors.Is(err, ErrLayout) {
				t.Fatal(err)
			}
			return
		}
		again, err := l.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if l2, err := ParseLayout(again); err != nil || l2.Size() != l.Size() || l2.StreamSize() != l.StreamSize() || l2.Blobs() != l.Blobs() {
			t.Fatalf("written again: %v", err)
		}
		file, err := NewFile(l, testKeys(), &stored{frames, make([][]byte, l.Blobs())})
		if err != nil {
			return
		}
		for off := int64(0); off < min(l.Size(), 1<<20); off += 4096 {
			file.ReadAt(context.Background(), make([]byte, 4096), off)
		}
		file.ReadAt(context.Background(), make([]byte, 100), l.Size()-50)
	})
}

func isLost(err error) bool {
	var d *DamageError
	return errors.As(err, &d) && d.Lost
}

// chop makes frames of bytes: each begins with its length.
func chop(b []byte) (list []entry) {
	for len(b) > 2 {
		n := min(int(b[0])|int(b[1])<<8, len(b)-2)
		if n > 0 {
			list = append(list, entry{frame: b[2 : 2+n]})
		}
		b = b[2+n:]
	}
	return list
}

func chopped(list []entry) (b []byte) {
	for _, x := range list {
		b = append(b, byte(len(x.frame)), byte(len(x.frame)>>8))
		b = append(b, x.frame...)
	}
	return b
}

// FuzzFrames feeds frames with right MACs: any content must be read without
// harm, as frames and as messages, and what comes out must hold together.
func FuzzFrames(f *testing.F) {
	f.Add(chopped(smallFile()))
	f.Add(chopped(manyMessages(12)))
	f.Add(chopped(everyKind()))
	f.Fuzz(func(t *testing.T, b []byte) {
		list := append([]entry{{frame: versionFrame(223)}}, chop(b)...)
		r := openBytes(t, encode(t, testHeader(t, 0), testKeys(), list), testKeys())
		media, err := ReadMedia(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, r, media)
	})
}

func readAll(t *testing.T, r *Reader, media []Media) {
	h, err := NewHistory(context.Background(), r, media, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := &told{t: t, h: h, people: map[uint64]*signal.Recipient{}, byACI: map[signal.ServiceID]uint64{},
		chatOf: map[uint64]*signal.Chat{}, counts: map[uint64]int{}}
	for n := 0; ; n++ {
		frame, err := h.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		a.look(frame)
		again := new(signal.Frame)
		if err := signal.Unmarshal(signal.Append(nil, frame), again); err != nil {
			t.Fatalf("frame %d cannot be written: %v", n, err)
		}
	}
}

func FuzzSQL(f *testing.F) {
	for _, s := range []string{
		"CREATE TABLE t (_id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x,y)', UNIQUE(a))", "create table if not exists \"a b\" ([c d] int, `e` , 'f''g')",
		"INSERT INTO t VALUES (?,?)", "insert or replace into t (a, b) values (?,?)", "CREATE TABLE t (a /* , */ INT -- ,\n, b)", "CREATE VIRTUAL TABLE t USING fts5(a)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tab, ok := parseCreate(s); ok && (tab.name == "" || tab.width == 0 || tab.width > maxColumns) {
			t.Errorf("table %+v", tab)
		}
		if name, columns, ok := parseInsert(s); ok && (name == "" || len(columns) > maxColumns) {
			t.Errorf("insert into %q %d", name, len(columns))
		}
	})
}

// FuzzRow feeds the columns of a message of each era.
func FuzzRow(f *testing.F) {
	f.Add("hello", []byte{10, 4, 8, 1, 16, 2}, int64(inbox), int64(1), int64(0))
	f.Add("CgYKAWESAWI=", []byte{34, 0}, int64(baseProfileChange), int64(-5), int64(1))
	f.Add("[{\"attachmentId\":{\"rowId\":1}}]", []byte{}, int64(sent)|specialTombstone<<specialShift, int64(9), int64(2))
	f.Fuzz(func(t *testing.T, s string, b []byte, typ, n, m int64) {
		d := newDB(223, unified...)
		d.insert("recipient", cells{"_id": n, "aci": s, "group_id": s, "e164": s, "type": m})
		d.insert("groups", cells{"_id": 1, "group_id": s, "recipient_id": n, "title": s, "master_key": b})
		d.insert("thread", cells{"_id": m, "recipient_id": n, "pinned": n})
		d.insert("message", cells{"_id": m, "date_sent": n, "date_received": m, "thread_id": m, "from_recipient_id": n, "to_recipient_id": m, "type": typ,
			"body": s, "expires_in": n, "quote_id": m, "quote_author": n, "message_ranges": b, "link_previews": s, "shared_contacts": s, "message_extras": b,
			"deleted_by": m, "view_once": m, "parent_story_id": min(n, 0), "pinned_at": n, "pinned_until": m})
		d.insert("attachment", cells{"_id": n, "message_id": m, "content_type": s, "data_size": n, "sticker_pack_id": s, "sticker_id": m, "quote": n})
		d.insert("poll", cells{"_id": n, "message_id": m, "question": s})
		d.insert("poll_option", cells{"_id": m, "poll_id": n, "option_text": s})
		d.insert("poll_vote", cells{"_id": 1, "poll_option_id": m, "voter_id": n, "vote_state": 4})
		d.insert("mention", cells{"_id": 1, "message_id": m, "recipient_id": n, "range_start": n, "range_length": m})
		d.insert("group_receipts", cells{"_id": 1, "mms_id": m, "address": n, "status": n})
		readAll(t, openBytes(t, encode(t, testHeader(t, 1), testKeys(), d.end()), testKeys()), nil)
	})
}
