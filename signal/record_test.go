package signal

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestRecordsComeBackHoweverTheyArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want [][]byte
		var stream bytes.Buffer
		w := NewRecordWriter(&stream)
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			n := rapid.SampledFrom([]int{0, 1, 127, 128, 5000, 300 << 10, 700 << 10}).Draw(t, "size")
			rec := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)
			want = append(want, rec)
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
		}
		var in io.Reader = bytes.NewReader(stream.Bytes())
		switch rapid.IntRange(0, 2).Draw(t, "reader") {
		case 1:
			in = iotest.DataErrReader(in)
		case 2:
			in = iotest.HalfReader(in)
		}
		r := NewRecordReader(in)
		offset := int64(0)
		for i, rec := range want {
			got, err := r.Next()
			if err != nil || !bytes.Equal(got, rec) {
				t.Fatalf("record %d: %d bytes, %v, want %d", i, len(got), err, len(rec))
			}
			if r.Offset() != offset {
				t.Fatalf("record %d at %d, want %d", i, r.Offset(), offset)
			}
			offset += int64(len(appendVarint(nil, uint64(len(rec)))) + len(rec))
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
	})
}

func TestAStreamCutAnywhereIsTruncatedOrEndsCleanly(t *testing.T) {
	var stream bytes.Buffer
	w := NewRecordWriter(&stream)
	ends := map[int]bool{0: true}
	for _, n := range []int{3, 0, 200, 1} {
		w.Write(make([]byte, n))
		ends[stream.Len()] = true
	}
	for n := range stream.Len() + 1 {
		r := NewRecordReader(iotest.OneByteReader(bytes.NewReader(stream.Bytes()[:n])))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if ends[n] && err != io.EOF || !ends[n] && !errors.Is(err, ErrTruncated) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestAnAbsurdLengthNamesItsOffset(t *testing.T) {
	for _, length := range [][]byte{
		appendVarint(nil, MaxRecord+1),
		appendVarint(nil, 1<<63),
		bytes.Repeat([]byte{0xff}, 12),
	} {
		r := NewRecordReader(bytes.NewReader(append([]byte{2, 'o', 'k'}, length...)))
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); !errors.Is(err, ErrBadStream) || !strings.Contains(err.Error(), "offset 3") {
			t.Errorf("% x: %v", length, err)
		}
	}
}

// A claimed length alone must not allocate its size.
func TestALargeClaimCostsNothing(t *testing.T) {
	allocated := testing.AllocsPerRun(1, func() {
		r := NewRecordReader(bytes.NewReader(append(appendVarint(nil, MaxRecord), make([]byte, 1000)...)))
		if _, err := r.Next(); !errors.Is(err, ErrTruncated) {
			t.Errorf("got %v", err)
		}
		if len(r.buf) > 4*readerBuffer {
			t.Errorf("buffer of %d bytes", len(r.buf))
		}
	})
	if allocated > 20 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestErrorsOfTheUnderlyingReaderComeThrough(t *testing.T) {
	mine := errors.New("mine")
	for _, head := range [][]byte{nil, {5}, {5, 1, 2}} {
		r := NewRecordReader(io.MultiReader(bytes.NewReader(head), iotest.ErrReader(mine)))
		if _, err := r.Next(); !errors.Is(err, mine) {
			t.Errorf("after % x: %v", head, err)
		}
	}
}

// listed hands out records from memory.
type listed [][]byte

func (l *listed) Next() ([]byte, error) {
	if len(*l) == 0 {
		return nil, io.EOF
	}
	rec := (*l)[0]
	*l = (*l)[1:]
	return rec, nil
}

func TestABadRecordLosesOneRecord(t *testing.T) {
	chat := func(id uint64) []byte { return Append(nil, &Frame{Item: &Chat{ID: id}}) }
	r, err := NewReader(&listed{
		Append(nil, &BackupInfo{Version: 1}),
		chat(1),
		{3<<3 | 2, 9, 1},          // longer than the record
		{15<<3 | 2, 2, 8, 1},      // a kind of the future
		{3<<3 | 2, 2, 15 << 3, 1}, // a field of the future
		make([]byte, MaxRecord+1),
		chat(2),
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint64
	kinds := 0
	for {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if kinds++; f.Item != nil {
			ids = append(ids, f.Item.(*Chat).ID)
		}
	}
	rep := r.Report()
	if len(ids) != 3 || ids[0] != 1 || ids[2] != 2 || kinds != 4 {
		t.Errorf("chats %v of %d frames", ids, kinds)
	}
	if rep.Damaged != 2 || len(rep.First) != 2 || rep.First[0].Index != 2 || rep.First[1].Index != 5 || rep.UnknownKinds != 1 || rep.UnknownFields != 1 {
		t.Errorf("report %+v", rep)
	}
	for _, d := range rep.First {
		if !errors.Is(d.Err, ErrBadRecord) {
			t.Errorf("damage %v", d.Err)
		}
	}
}

func TestTheFirstRecordMustBeABackupInfo(t *testing.T) {
	if _, err := NewReader(&listed{}); !errors.Is(err, ErrTruncated) {
		t.Errorf("no records: %v", err)
	}
	if _, err := NewReader(&listed{{0xff}}); !errors.Is(err, ErrBadRecord) {
		t.Errorf("garbage: %v", err)
	}
	r, err := NewReader(&listed{Append(nil, &BackupInfo{Version: 2}), Append(nil, &Frame{Item: &Chat{}})})
	if !errors.Is(err, ErrUnknownVersion) {
		t.Errorf("version 2: %v", err)
	}
	if _, err := r.Next(); err != nil {
		t.Errorf("and yet read: %v", err)
	}
}

func TestFilesAndIDsAreFoundEverywhere(t *testing.T) {
	p := func(name string) *FilePointer { return &FilePointer{FileName: Some(name)} }
	item := &ChatItem{
		Revisions: []ChatItem{{Body: &StandardMessage{LongText: p("old")}}},
		Body: &StandardMessage{
			Quote:       &Quote{Attachments: []QuotedAttachment{{Thumbnail: &Attachment{Pointer: p("thumb")}}}},
			Attachments: []Attachment{{Pointer: p("a")}, {Pointer: p("b")}},
			LinkPreview: []LinkPreview{{Image: p("image")}},
			Text:        &Text{BodyRanges: []BodyRange{{MentionACI: Some(ServiceID("me"))}}},
		},
	}
	var names []string
	Files(&Frame{Item: item}, func(f *FilePointer) { names = append(names, f.FileName.V) })
	if got := strings.Join(names, " "); got != "old thumb a b image" {
		t.Errorf("files %s", got)
	}
	var ids []ServiceID
	ServiceIDs(item, func(id ServiceID) { ids = append(ids, id) })
	if len(ids) != 1 || ids[0] != "me" {
		t.Errorf("ids %q", ids)
	}
	files := 0
	for _, m := range decodeAll(t, readVector(t, "v2/plain.binproto")) {
		Files(m, func(*FilePointer) { files++ })
	}
	if files < 11 {
		t.Errorf("%d files in the vectors, want 11 or more", files)
	}
}
